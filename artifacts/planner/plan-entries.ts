import type { ZipArchive, ZipEntry } from '../../archives/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { ArtifactError } from '../artifact-error.ts'
import { ContainerMatcher, type ElementNode, type FileMatch } from '../configuration/index.ts'
import { fileNameOf, removeCopy, withCopy } from './entry-files.ts'
import { elementText, type Meant } from './format-of-element.ts'
import { inParallel } from './in-parallel.ts'
import { lookAt } from './look-at.ts'
import { withPath } from './planning-errors.ts'
import type { Walk, WalkedFile } from './tree-means.ts'
import { changes, type TreeNode } from './tree-node.ts'
import { mayHoldFiles, unopenedWarnings } from './unopened-container.ts'
import { type EntryContent, unpackEntries } from './unpack-entries.ts'
import { mayHaveToBeSigned, requireSigned } from './unsigned-files.ts'

/** A container that is open. */
type OpenContainer = { readonly element: ElementNode; readonly file: WalkedFile; readonly archive: ZipArchive }

/** What an entry is meant by. */
type FoundEntry = FileMatch & { readonly entry: ZipEntry; readonly path: readonly string[] }

/** How many files of a container are planned at once. */
const filesAtOnce = 4

/**
 * Plans what is in a container: each of its files has a node, in the order of the plan.
 *
 * @param planNode plans a file that an element means
 */
export async function planEntries(
  walk: Walk,
  container: OpenContainer,
  planNode: (walk: Walk, meant: Meant, file: WalkedFile) => Promise<TreeNode>,
): Promise<readonly TreeNode[]> {
  // 1. What every entry is meant by, and whether that is as often as the elements say.
  const found = matchEntries(walk, container)
  // 2. The digest of every entry, and copies of what is looked at.
  const { archive, file } = container
  const looksAt = new Set(found.filter((each) => isLookedAt(walk, each)).map(({ entry }) => entry.index))
  const entries = found.map(({ entry }) => entry)
  const contents = await unpackEntries(walk, archive, entries, ({ index }) => looksAt.has(index)).catch(
    (error: unknown) => Promise.reject(atEntry(error, file.path)),
  )
  // 3. The node of each. Containers are opened one after the other, so that only one at each depth is.
  const planEntry = (each: FoundEntry) => planned(walk, each, contents.get(each.entry.index), planNode)
  const isContainer = ({ match }: FoundEntry) => match !== null && match.element.children.length > 0
  const leaves = found.filter((each) => !isContainer(each))
  const nodes = [...(await inParallel(leaves, filesAtOnce, planEntry))]
  for (const each of found.filter(isContainer)) nodes.push(await planEntry(each))
  nodes.sort((one, other) => (lastName(one) < lastName(other) ? -1 : 1))
  // 4. New files must not take the names of others.
  checkOutputs(walk, container, nodes)
  return nodes
}

function matchEntries(walk: Walk, { element, file, archive }: OpenContainer): readonly FoundEntry[] {
  const matcher = new ContainerMatcher(element.children, { refuseUnsigned: walk.refuseUnsigned })
  const pathOf = ({ path }: ZipEntry) => (element.name === 'nupkg-file' ? percentDecoded(path) : path)
  const found: FoundEntry[] = []
  for (const entry of archive.entries)
    if (entry.isDirectory) matcher.folder(pathOf(entry))
    else found.push({ entry, path: [...file.path, entry.name], ...matcher.file(pathOf(entry)) })
  const { findings, folders } = matcher.finish()
  for (const { code, message } of findings) report(walk, new ArtifactError(code, message, { path: file.path }))
  for (const { element: folder, path } of folders)
    report(
      walk,
      new ArtifactError(
        'DIRECTIVE_NOT_SUPPORTED',
        `Folders cannot be signed by this release: ${elementText({ element: folder, path })}.`,
        { path: file.path },
      ),
    )
  return found
}

/** Whether an entry's content is looked at. */
function isLookedAt({ looksAtAll }: Walk, { entry, match, refuseUnsigned }: FoundEntry): boolean {
  if (entry.isSymbolicLink) return false
  if (looksAtAll === true) return true
  return match !== null || mayHoldFiles(entry.name) || mayHaveToBeSigned(entry.name, refuseUnsigned)
}

async function planned(
  walk: Walk,
  { entry, path, match, refuseUnsigned }: FoundEntry,
  content: EntryContent | undefined,
  planNode: Parameters<typeof planEntries>[2],
): Promise<TreeNode> {
  const { size, index } = entry
  const { sha256, copy } = content as EntryContent
  const plain = plainNode({ path, sha256, size, entry: index })
  if (match === null && copy === undefined) return plain
  const node = await withPath(path, async () => {
    if (match !== null && entry.isSymbolicLink)
      throw new ArtifactError(
        'FILE_IS_LINK',
        `The element ${elementText(match)} means it, and it is a symbolic link. Mean the file that it leads to.`,
      )
    return withCopy(walk, copy as string, fileNameOf(entry), async (open) => {
      const file = { ...open, path, sha256, entry: index, copy }
      if (match !== null) return planNode(walk, match, file)
      await requireSigned({ ...walk, refuseUnsigned }, file)
      const warnings = await unopenedWarnings(walk, file)
      const looked = walk.looksAtAll === true ? await lookAt(walk, file) : undefined
      return { ...plain, content: { ...plain.content, ...looked, ...(warnings.length > 0 && { warnings }) } }
    })
  }).catch((error: unknown) => {
    report(walk, error)
    return plain
  })
  const isNeeded = walk.keepsCopies && (changes(node) || node.content.kind === 'container')
  if (isNeeded || copy === undefined) return node
  await removeCopy(walk, copy)
  return { ...node, copy: undefined }
}

function plainNode(file: Pick<WalkedFile, 'path' | 'sha256' | 'size' | 'entry'>): TreeNode {
  const { path, sha256, size, entry } = file
  const unsigned = { element: null, format: null, existingSignatures: [], directives: [] }
  const content = { kind: 'file', path, outcome: 'unchanged', sha256, size, ...unsigned } as const
  return { content, format: undefined, entry, copy: undefined, children: [] }
}

/** New files have names of their own, whatever the case of their letters. */
function checkOutputs(walk: Walk, { archive, file }: OpenContainer, nodes: readonly TreeNode[]): void {
  const withOutputs = nodes.filter(({ content }) => content.outputs !== undefined)
  if (withOutputs.length === 0) return
  const taken = new Set(archive.entries.map(({ path }) => path.toLowerCase()))
  for (const { content } of withOutputs)
    for (const name of content.outputs ?? []) {
      const path = name.replaceAll('\\', '/').toLowerCase()
      if (taken.has(path))
        report(
          walk,
          new ArtifactError(
            'OUTPUT_NAME_TAKEN',
            `The new file ${name} cannot be put into the archive: there is one of this name already. Give it another output-file-name.`,
            { path: [...file.path, lastOf(content.path)] },
          ),
        )
      taken.add(path)
    }
}

/** Ends the planning, unless somebody collects what is wrong. */
function report({ onProblem }: Walk, problem: unknown): void {
  if (onProblem === undefined || !(problem instanceof ArtifactError) || problem.transient) throw problem
  onProblem(problem)
}

/** An error about an entry with the path of that entry. */
function atEntry(error: unknown, container: readonly string[]): unknown {
  if (!(error instanceof SigningError) || !error.code.startsWith('ARCHIVE_')) return error
  return new ArtifactError(error.code, error.message, { path: container, cause: error })
}

function lastName({ content }: TreeNode): string {
  return lastOf(content.path)
}

function lastOf(path: readonly string[]): string {
  return path.at(-1) ?? ''
}

/** Names in NuGet packages are those of parts (ECMA-376-2 §9.1.1.1): `C%2B%2B.dll` is `C++.dll`. */
function percentDecoded(path: string): string {
  return path.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (octets) => {
    try {
      return decodeURIComponent(octets)
    } catch {
      return octets
    }
  })
}
