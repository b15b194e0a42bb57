import { openZip } from '../../archives/index.ts'
import type { PlannedOutcome, Sha256Digest } from '../../domain/index.ts'
import type { OpenFile } from '../../signing/signature-format.ts'
import { ArtifactError } from '../artifact-error.ts'
import { type ElementNode, matchesRoot } from '../configuration/index.ts'
import { elementText, type Meant, matchedElement } from './format-of-element.ts'
import { planEntries } from './plan-entries.ts'
import { type PlannedContent, planFile } from './plan-file.ts'
import { withElement, withPath } from './planning-errors.ts'
import type { TreeMeans, Walk, WalkedFile } from './tree-means.ts'
import { changes, type TreeNode } from './tree-node.ts'
import { openedContainers, unopenedWarnings } from './unopened-container.ts'

/**
 * Walks over an artifact, once, by the elements of its configuration: opens the containers that elements go into, and plans each file that
 * one means.
 *
 * @param artifact open for reading until this answers
 * @throws ArtifactError `ELEMENT_MATCHES_TOO_FEW`, `ELEMENT_MATCHES_TOO_MANY`, `FILE_MATCHED_TWICE`, `CONTAINER_TOO_DEEP`,
 *   `CONTAINER_NOT_SUPPORTED`, `ARCHIVE_…`, `FILE_IS_LINK`, `OUTPUT_NAME_TAKEN`, `FILE_UNSIGNED`, and as `planFile`; each with the path of
 *   the file at fault
 */
export function walkArtifact(
  means: TreeMeans,
  root: ElementNode,
  artifact: OpenFile & { readonly sha256: Sha256Digest; readonly copy: string | undefined },
): Promise<TreeNode> {
  const path = [artifact.name]
  const meant: Meant = { element: root, path: root.paths[0] ?? null }
  const { entries, totalSize } = means.limits
  return withPath(path, async () => {
    if (!matchesRoot(root, artifact.name))
      throw new ArtifactError(
        'ELEMENT_MATCHES_TOO_FEW',
        `The element ${elementText(meant)} is for artifacts of another name than ${artifact.name}.`,
      )
    const walk = { ...means, budget: { entries, totalSize }, depth: 0, refuseUnsigned: null }
    return planNode(walk, meant, { ...artifact, path, entry: -1 })
  })
}

/** Plans a file that an element means, and what is in it where elements go into it. */
async function planNode(walk: Walk, meant: Meant, file: WalkedFile): Promise<TreeNode> {
  const isOpened = meant.element.children.length > 0
  const planned = await withElement(elementText(meant), () => planFile(walk, meant, file))
  const children = isOpened ? await planContainer(walk, meant.element, file) : []
  const isSigned = planned.directives.length > 0
  const isRebuilt = children.some(changes)
  const outcome: PlannedOutcome = isSigned ? 'signed' : isRebuilt ? 'rebuilt' : 'unchanged'
  const warnings = [
    ...planned.warnings,
    ...(isRebuilt ? brokenSignatures(planned) : []),
    ...(isOpened ? [] : await unopenedWarnings(walk, file)),
  ]
  const { path, sha256, size, entry, copy } = file
  const { format, formatName, existingSignatures, metadata, outputs } = planned
  const content = {
    ...{ path, outcome, element: matchedElement(meant), sha256, size },
    ...{ format: formatName, existingSignatures },
    // What a container will be is not known before it is put together again.
    directives: isRebuilt ? planned.directives.map((each) => ({ ...each, contentDigests: [] })) : planned.directives,
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(warnings.length > 0 && { warnings }),
    ...(outputs.length > 0 && { outputs: outputs.map((name) => besideName(path.at(-1) ?? '', name)) }),
  }
  return {
    content: isOpened ? { kind: 'container', container: 'zip', ...content } : { kind: 'file', ...content },
    ...{ format, entry, copy, children },
  }
}

async function planContainer(walk: Walk, element: ElementNode, file: WalkedFile): Promise<readonly TreeNode[]> {
  const { limits, passes, signal, budget, depth } = walk
  if (!openedContainers.has(element.name))
    throw new ArtifactError(
      'CONTAINER_NOT_SUPPORTED',
      `Files of the element ${element.name} cannot be opened by this release. It opens those of ${[...openedContainers].join(', ')}.`,
    )
  if (depth >= limits.depth)
    throw new ArtifactError(
      'CONTAINER_TOO_DEEP',
      `It is in ${depth} containers already, and at most ${limits.depth} can be opened in one another.`,
    )
  const archive = await openZip(file, { limits: { ...limits, ...budget }, passes, signal })
  budget.entries -= archive.entries.length
  for (const { size } of archive.entries) budget.totalSize -= size
  const refuseUnsigned = element.options.refuseUnsigned ?? walk.refuseUnsigned
  return planEntries({ ...walk, depth: depth + 1, refuseUnsigned }, { element, file, archive }, planNode)
}

/** What becomes of signatures over a container when files in it are signed. */
function brokenSignatures({ existingSignatures, directives }: PlannedContent): readonly string[] {
  const kept = existingSignatures.filter((each) => each.kind === 'signature' && each.outcome === 'kept')
  if (kept.length === 0) return []
  const signers = kept.map((each) => (each.kind === 'signature' ? (each.signer ?? 'an unknown signer') : ''))
  const what = directives.length > 0 ? 'is kept' : 'stays in it'
  return [`Files in it are signed, so the signature that ${what} will not fit any more: ${signers.join('; ')}.`]
}

/** The name of a new entry in the folder of another. */
function besideName(entryName: string, name: string): string {
  return entryName.slice(0, Math.max(entryName.lastIndexOf('/'), entryName.lastIndexOf('\\')) + 1) + name
}
