import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type ConfigurationOfRequest, largestConfiguration, type Sha256Digest } from '../../domain/index.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { ArtifactError } from '../artifact-error.ts'
import {
  type Configuration,
  type ParsedConfiguration,
  parseInThread,
  resolveParameters,
} from '../configuration/index.ts'
import { sha256Of } from '../documents/paged-document.ts'
import { artifactStorePlace, signerScratchPlace } from '../store/disk-error.ts'
import type { ArtifactStore } from '../store/index.ts'
import { withPath } from './planning-errors.ts'
import { copyArtifact } from './read-artifact.ts'
import type { SigningAbilities, TreeLimits, TreeMeans, TreeRules } from './tree-means.ts'
import type { TreeNode } from './tree-node.ts'
import { walkArtifact } from './walk-artifact.ts'

/** What planning by an artifact configuration takes beside what all planning does. */
export type TreePlanning = Omit<SigningAbilities, 'formats'> & { readonly limits: TreeLimits }

/** What a tree is planned from. */
export type TreeFacts = TreeRules &
  Pick<TreeMeans, 'passes' | 'signal' | 'onProgress'> &
  TreePlanning & {
    readonly formats: readonly SignatureFormat[]
    readonly store: Pick<ArtifactStore, 'open'>
    readonly artifact: { readonly fileName: string; readonly sha256: Sha256Digest; readonly size: number }
    readonly configuration: ConfigurationOfRequest
  }

/**
 * Plans an artifact by its configuration.
 *
 * @param options.folder where files are unpacked to; nobody else writes there
 * @param options.copy whether the artifact is copied there first, and copies of what is signed stay: for the signer
 * @param use gets the tree; what it names in the folder is there until it answers
 * @throws ArtifactError `CONFIGURATION_…`, `PARAMETER_…`, `ARTIFACT_…`, and as `walkArtifact`
 */
export async function planTree<Result>(
  facts: TreeFacts,
  { folder, copy }: { readonly folder: string; readonly copy: boolean },
  use: (tree: TreeNode) => Promise<Result>,
): Promise<Result> {
  const { artifact, configuration } = facts
  const { fileName: path, sha256, size } = artifact
  const { root } = await readConfiguration(facts, configuration)
  const copyTo = copy ? `${folder}/0` : undefined
  const handle = await withPath([path], () => copyArtifact({ ...facts, copyTo }, { path, sha256, size }))
  try {
    const place = copy ? signerScratchPlace : artifactStorePlace
    const means = { ...facts, folder, place, keepsCopies: copy }
    return await use(await walkArtifact(means, root, { handle, size, name: path, sha256, copy: copyTo }))
  } finally {
    await handle.close()
  }
}

/**
 * Reads the artifact configuration of a request, and puts the parameters in.
 *
 * @throws ArtifactError `CONFIGURATION_CORRUPT` when the store has other bytes than the log names; `ARTIFACT_NOT_FOUND`, `PARAMETER_…`
 */
export async function readConfiguration(
  { store, passes, signal }: Pick<TreeFacts, 'store' | 'passes' | 'signal'>,
  { documentDigest, parameters }: Pick<ConfigurationOfRequest, 'documentDigest' | 'parameters'>,
): Promise<Configuration> {
  const { size, path } = await store.open(documentDigest)
  const bytes = size > largestConfiguration ? Buffer.alloc(0) : await readWhole(path, size)
  if (sha256Of(bytes) !== documentDigest)
    throw new ArtifactError(
      'CONFIGURATION_CORRUPT',
      `The document stored as ${documentDigest} is not the artifact configuration of the request: it was damaged or changed on disk. Restore it from a backup.`,
    )
  const parsed = await parseInThread(bytes, { passes, ...(signal !== undefined && { signal }) })
  return configurationOf(resolveParameters(configurationOf(parsed), parameters))
}

/** @throws ArtifactError with the code of the first thing that is wrong, and its place */
function configurationOf(parsed: ParsedConfiguration): Configuration {
  if (parsed.kind === 'configuration') return parsed.configuration
  const [first] = parsed.errors
  throw new ArtifactError(
    first?.code ?? 'CONFIGURATION_CORRUPT',
    `The artifact configuration, line ${first?.line}, column ${first?.column}: ${first?.message}`,
  )
}

async function readWhole(path: string, size: number): Promise<Buffer> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const bytes = Buffer.alloc(size)
    const { bytesRead } = await handle.read(bytes, 0, size, 0)
    return bytes.subarray(0, bytesRead)
  } finally {
    await handle?.close()
  }
}
