import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sha256Digest } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import { errnoOf, onDisk } from '../store/disk-error.ts'
import { takeLock } from '../store/scratch.ts'
import { type Trash, trashOf } from '../store/trash.ts'
import type { UploadRegistry } from '../store/upload-registry.ts'
import { type NameIndex, type NamingLog, openNameIndex } from './name-index.ts'

/** What a collection needs. */
export type CollectionOptions = {
  /** The folder of the artifact store. */
  readonly path: string
  readonly log: NamingLog
  readonly uploads: Pick<UploadRegistry, 'named'>
  readonly now: () => number
  /** How long bytes are held that were stored or touched, in milliseconds; longer than an append may take. */
  readonly holdMs: number
  /** How long bytes stay in the trash, in milliseconds. */
  readonly trashMs: number
  readonly signal?: AbortSignal
}

/** What a collection did, in numbers of artifacts. */
export type Collection = { readonly thrownAway: number; readonly restored: number; readonly deleted: number }

/** A file that no event named when it was looked at, and when it was changed last. */
type Candidate = { readonly sha256: Sha256Digest; readonly changedAt: number }

/** So many candidates are thrown away in one run at the most, so that memory stays small. */
const candidatesAtOnce = 10_000

/**
 * Collects the artifacts that nothing names: no event of the log, and no upload that may still be submitted. In two
 * phases: first they go into the trash, from where whoever asks for them takes them back; what nothing has named after
 * `trashMs` there is deleted. Only one process at a time collects; it may be killed at any moment.
 *
 * @returns `undefined` when another process collects
 * @throws ArtifactError `ARTIFACT_COLLECTION_MISMATCH`, `ARTIFACT_STORE_…`; whatever the log throws
 */
export async function collectArtifacts(options: CollectionOptions): Promise<Collection | undefined> {
  const { path, log } = options
  const folder = join(path, 'collection')
  const index = await openNameIndex(folder, log)
  let unlock: () => void
  try {
    unlock = takeLock(join(folder, 'collector.lock'))
  } catch (error) {
    index.close()
    if (error instanceof ArtifactError) return undefined
    throw error
  }
  try {
    return await onDisk('collecting artifacts', () => collect(options, index, trashOf(path)))
  } finally {
    unlock()
    index.close()
  }
}

async function collect(options: CollectionOptions, index: NameIndex, trash: Trash): Promise<Collection> {
  // The order is what makes it safe: files first, then uploads, then the log. Whoever names one of these files later has
  // touched it after its time was taken.
  const candidates = await findCandidates(options, index)
  const uploaded = await options.uploads.named(candidates.map(({ sha256 }) => sha256))
  // A log without events has not begun, or is not there: nothing can be said of what it names.
  if (!(await index.catchUp())) return { thrownAway: 0, restored: 0, deleted: 0 }
  const named = await index.named(candidates.map(({ sha256 }) => sha256))
  let thrownAway = 0
  for (const { sha256, changedAt } of candidates) {
    options.signal?.throwIfAborted()
    if (uploaded.has(sha256) || named.has(sha256)) continue
    await index.thrownAwayAt(sha256, options.now())
    if (await trash.discard(sha256, changedAt)) thrownAway++
    else await index.forget(sha256)
  }
  return { thrownAway, ...(await emptyTrash(options, index, trash)) }
}

async function findCandidates(
  { path, now, holdMs, signal }: CollectionOptions,
  index: NameIndex,
): Promise<readonly Candidate[]> {
  const root = join(path, 'sha256')
  const candidates: Candidate[] = []
  for (const outer of await readdir(root))
    for (const inner of await readdir(join(root, outer))) {
      signal?.throwIfAborted()
      const digests = ((await readdir(join(root, outer, inner))) as Sha256Digest[]).filter(isDigest)
      const named = await index.named(digests)
      for (const sha256 of digests) {
        if (named.has(sha256)) continue
        const changedAt = await changedAtOf(join(root, outer, inner, sha256))
        if (changedAt !== undefined && changedAt < now() - holdMs) candidates.push({ sha256, changedAt })
        if (candidates.length >= candidatesAtOnce) return candidates
      }
    }
  return candidates
}

/** Takes back what is named or was touched after all, and deletes what has been in the trash for long. */
async function emptyTrash(
  { uploads, now, holdMs, trashMs, signal }: CollectionOptions,
  index: NameIndex,
  trash: Trash,
): Promise<Pick<Collection, 'restored' | 'deleted'>> {
  const inTrash = (await trash.list()).filter(isDigest)
  const [uploaded, named] = [await uploads.named(inTrash), await index.named(inTrash)]
  let [restored, deleted] = [0, 0]
  for (const sha256 of inTrash) {
    signal?.throwIfAborted()
    const changedAt = await trash.changedAt(sha256)
    if (changedAt === undefined) continue
    if (uploaded.has(sha256) || named.has(sha256) || changedAt >= now() - holdMs) {
      if (await trash.restore(sha256)) restored++
      await index.forget(sha256)
    } else if (now() - (await index.thrownAwayAt(sha256, now())) >= trashMs) {
      await trash.destroy(sha256)
      await index.forget(sha256)
      deleted++
    }
  }
  return { restored, deleted }
}

async function changedAtOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function isDigest(name: string): name is Sha256Digest {
  return /^[0-9a-f]{64}$/.test(name)
}
