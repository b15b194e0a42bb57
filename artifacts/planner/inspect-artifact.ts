import { openZip, type ZipEntry } from '../../archives/index.ts'
import type { ExistingSignature, Sha256Digest } from '../../domain/index.ts'
import type { ForeignVerdict } from '../../signing/foreign-verifier.ts'
import type { OpenFile } from '../../signing/signature-format.ts'
import { SigningError } from '../../signing/signing-error.ts'
import type { DryRunMeans } from './dry-run.ts'
import { removeCopy, withCopy } from './entry-files.ts'
import { judged, verifierOf } from './foreign-signatures.ts'
import { lookAt, recognized } from './look-at.ts'
import { mayHoldFiles } from './unopened-container.ts'
import { unpackEntries } from './unpack-entries.ts'

/** A file and what is in it, with what somebody looked for in each. */
export type FileInTree<Seen> = Seen & {
  /** In its container with its folders; of the artifact its file name. */
  readonly name: string
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
  /** Whether it is an archive that was opened. */
  readonly isContainer: boolean
  /** Why an archive could not be opened: code and message of the error. */
  readonly unopened: { readonly code: string; readonly message: string } | null
  /** In the order of their names. */
  readonly files: readonly FileInTree<Seen>[]
}

/** A file and what is in it, whatever anybody wants to be done with it. */
export type InspectedFile = FileInTree<{
  /** What it can be signed as, such as `pe`; `null` when it cannot. */
  readonly format: string | null
  readonly existingSignatures: readonly ExistingSignature[]
}>

/** A file whose signatures were judged, and those in it. */
export type JudgedFile = FileInTree<{
  readonly format: string | null
  /** Of what can be judged; `null` for other files. */
  readonly verdict: ForeignVerdict | null
}>

/**
 * Finds out what is in a file: opens all archives in it, to the limits, and says of each file what it is and whose signatures it has. An
 * archive that cannot be opened is a file like others, with the reason.
 *
 * @throws ArtifactError, SigningError only what is transient; the signal's reason
 */
export function inspectArtifact(means: DryRunMeans, sample: OpenFile): Promise<InspectedFile> {
  return walkFiles(means, sample, {
    look: (file) => lookAt(means, file),
    ofLink: () => ({ format: null, existingSignatures: [] }),
  })
}

/**
 * Judges every signature that a file and what is in it carry, at any depth, by the rules that such signatures are read by elsewhere: which are
 * valid, whose, when, and what is weak about them.
 *
 * @throws as {@link inspectArtifact}
 */
export function judgeArtifact(means: DryRunMeans, sample: OpenFile): Promise<JudgedFile> {
  return walkFiles(means, sample, {
    look: (file) => judgeFile(means, file),
    ofLink: () => ({ format: null, verdict: null }),
  })
}

async function judgeFile(means: DryRunMeans, file: OpenFile) {
  const format = await recognized(means, file)
  const verifier = verifierOf(means, format)
  if (format === undefined || verifier === undefined) return { format: format?.name ?? null, verdict: null }
  try {
    return { format: format.name, verdict: await judged(means, verifier, file) }
  } catch (error) {
    means.signal?.throwIfAborted()
    // It looks like a file of the format, and is none: then it has no signature of it either.
    if (!(error instanceof SigningError) || error.transient) throw error
    return { format: null, verdict: null }
  }
}

/** What is looked for in each file. */
type Look<Seen> = { readonly look: (file: OpenFile) => Promise<Seen>; readonly ofLink: () => Seen }

async function walkFiles<Seen>(means: DryRunMeans, sample: OpenFile, eye: Look<Seen>): Promise<FileInTree<Seen>> {
  const { handle, size } = sample
  const order = { input: handle.fd, output: undefined, end: size, hashed: true, digestion: undefined }
  const { passes, signal, onProgress } = means
  const { sha256 } = await passes.read(order, { signal, onProgress })
  const { entries, totalSize } = means.limits
  const walk = { ...means, ...eye, budget: { entries, totalSize }, depth: 0 }
  return inspect(walk, sample, sample.name, sha256 as Sha256Digest)
}

type Inspection<Seen> = DryRunMeans &
  Look<Seen> & { readonly budget: { entries: number; totalSize: number }; readonly depth: number }

async function inspect<Seen>(
  means: Inspection<Seen>,
  file: OpenFile,
  name: string,
  sha256: Sha256Digest,
): Promise<FileInTree<Seen>> {
  const { size } = file
  const found = { name, sha256, size, ...(await means.look(file)) }
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

async function inspectEntries<Seen>(means: Inspection<Seen>, file: OpenFile): Promise<readonly FileInTree<Seen>[]> {
  const { limits, budget, passes, signal } = means
  const archive = await openZip(file, { limits: { ...limits, ...budget }, passes, signal })
  budget.entries -= archive.entries.length
  for (const { size } of archive.entries) budget.totalSize -= size
  const entries = archive.entries.filter(({ isDirectory }) => !isDirectory)
  const files: FileInTree<Seen>[] = []
  for (let start = 0; start < entries.length; start += entriesAtOnce) {
    const some = entries.slice(start, start + entriesAtOnce)
    const contents = await unpackEntries(means, archive, some, ({ isSymbolicLink }) => !isSymbolicLink)
    for (const entry of some) {
      const content = contents.get(entry.index)
      if (content?.copy === undefined) files.push(link(entry, content?.sha256 as Sha256Digest, means.ofLink()))
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

function link<Seen>({ name, size }: ZipEntry, sha256: Sha256Digest, seen: Seen): FileInTree<Seen> {
  return { name, sha256, size, ...seen, isContainer: false, unopened: null, files: [] }
}
