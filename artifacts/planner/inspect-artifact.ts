import { openZip, type ZipEntry } from '../../archives/index.ts'
import type { ExistingSignature, Sha256Digest } from '../../domain/index.ts'
import type { OpenFile } from '../../signing/signature-format.ts'
import { SigningError } from '../../signing/signing-error.ts'
import type { DryRunMeans } from './dry-run.ts'
import { removeCopy, withCopy } from './entry-files.ts'
import { lookAt } from './look-at.ts'
import { mayHoldFiles } from './unopened-container.ts'
import { unpackEntries } from './unpack-entries.ts'

/** A file and what is in it, whatever anybody wants to be done with it. */
export type InspectedFile = {
  /** In its container with its folders; of the artifact its file name. */
  readonly name: string
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
  /** What it can be signed as, such as `pe`; `null` when it cannot. */
  readonly format: string | null
  readonly existingSignatures: readonly ExistingSignature[]
  /** Whether it is an archive that was opened. */
  readonly isContainer: boolean
  /** Why an archive could not be opened: code and message of the error. */
  readonly unopened: { readonly code: string; readonly message: string } | null
  /** In the order of their names. */
  readonly files: readonly InspectedFile[]
}

/**
 * Finds out what is in a file: opens all archives in it, to the limits, and says of each file what it is and whose signatures it has. An
 * archive that cannot be opened is a file like others, with the reason.
 *
 * @throws ArtifactError, SigningError only what is transient; the signal's reason
 */
export async function inspectArtifact(means: DryRunMeans, sample: OpenFile): Promise<InspectedFile> {
  const { handle, size } = sample
  const order = { input: handle.fd, output: undefined, end: size, hashed: true, digestion: undefined }
  const { passes, signal, onProgress } = means
  const { sha256 } = await passes.read(order, { signal, onProgress })
  const { entries, totalSize } = means.limits
  return inspect({ ...means, budget: { entries, totalSize }, depth: 0 }, sample, sample.name, sha256 as Sha256Digest)
}

type Inspection = DryRunMeans & { readonly budget: { entries: number; totalSize: number }; readonly depth: number }

async function inspect(means: Inspection, file: OpenFile, name: string, sha256: Sha256Digest): Promise<InspectedFile> {
  const { size } = file
  const found = { name, sha256, size, ...(await lookAt(means, file)) }
  const leaf = { ...found, isContainer: false, unopened: null, files: [] }
  if (!mayHoldFiles(file.name) || means.depth >= means.limits.depth) return leaf
  try {
    return { ...found, isContainer: true, unopened: null, files: await inspectEntries(means, file) }
  } catch (error) {
    means.signal?.throwIfAborted()
    if (!(error instanceof SigningError) || error.transient) throw error
    const { code, message } = error
    return { ...leaf, unopened: { code, message } }
  }
}

async function inspectEntries(means: Inspection, file: OpenFile): Promise<readonly InspectedFile[]> {
  const { limits, budget, passes, signal } = means
  const archive = await openZip(file, { limits: { ...limits, ...budget }, passes, signal })
  budget.entries -= archive.entries.length
  for (const { size } of archive.entries) budget.totalSize -= size
  const entries = archive.entries.filter(({ isDirectory }) => !isDirectory)
  const files: InspectedFile[] = []
  for (let start = 0; start < entries.length; start += entriesAtOnce) {
    const some = entries.slice(start, start + entriesAtOnce)
    const contents = await unpackEntries(means, archive, some, ({ isSymbolicLink }) => !isSymbolicLink)
    for (const entry of some) {
      const content = contents.get(entry.index)
      if (content?.copy === undefined) files.push(link(entry, content?.sha256 as Sha256Digest))
      else {
        const { copy, sha256 } = content
        const fileName = entry.path.slice(entry.path.lastIndexOf('/') + 1)
        const deeper = { ...means, depth: means.depth + 1 }
        files.push(await withCopy(means, copy, fileName, (open) => inspect(deeper, open, entry.name, sha256)))
        await removeCopy(means, copy)
      }
    }
  }
  return files.sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** So many files are unpacked before the next ones are. */
const entriesAtOnce = 64

function link({ name, size }: ZipEntry, sha256: Sha256Digest): InspectedFile {
  return { name, sha256, size, format: null, existingSignatures: [], isContainer: false, unopened: null, files: [] }
}
