import { chmod, mkdir, realpath, stat } from 'node:fs/promises'
import { sep } from 'node:path'
import { ArtifactError } from './artifact-error.ts'
import type { SpoolFolder } from './documents/index.ts'
import { onDisk, signerScratchPlace } from './store/disk-error.ts'
import { openScratch, type Scratch } from './store/scratch.ts'

/** Where a signer keeps its own copies of what it signs, and what it has signed until that is verified. */
export type SignerScratch = Pick<Scratch, 'withFolder' | 'close'>

/** Permissions of the group and of everybody else (POSIX `S_IRWXG | S_IRWXO`). */
const ofOthers = 0o077

/**
 * Opens a signer's scratch folder, which is made when it is not there, for its owner alone. What signers that died have
 * left in it is removed now; what a step leaves, when the step is over. Several signers of one machine may share it.
 *
 * @param options.outside the folder of the artifact store, which other processes write to
 * @throws ArtifactError `SIGNER_SCRATCH_UNSAFE` when it lies in the artifact store, or belongs to another user;
 *   `SIGNER_SCRATCH_UNAVAILABLE`, `SIGNER_SCRATCH_FULL`
 */
export async function openSignerScratch(options: {
  readonly path: string
  readonly outside: string
}): Promise<SignerScratch> {
  const making = "making the signer's scratch folder"
  await onDisk(making, () => mkdir(options.path, { recursive: true, mode: 0o700 }), signerScratchPlace)
  const path = await onDisk(making, () => realpath(options.path), signerScratchPlace)
  const store = await onDisk(making, () => realpath(options.outside), signerScratchPlace)
  if (path === store || path.startsWith(store + sep))
    throw unsafe(path, `lies in the artifact store ${store}, where other processes write`)
  const { uid, mode } = await onDisk(making, () => stat(path), signerScratchPlace)
  const user = process.getuid?.() ?? uid
  if (uid !== user) throw unsafe(path, `belongs to another user (${uid}, not ${user})`)
  if ((mode & ofOthers) !== 0) await onDisk(making, () => chmod(path, 0o700), signerScratchPlace)
  return openScratch(path, signerScratchPlace)
}

/** What is too long for memory, in a folder that {@link SignerScratch} has lent. */
export function signerSpools(folder: string): SpoolFolder {
  return { folder, place: signerScratchPlace }
}

function unsafe(path: string, why: string): ArtifactError {
  return new ArtifactError(
    'SIGNER_SCRATCH_UNSAFE',
    `The signer's scratch folder ${path} ${why}. Name another folder, which belongs to the signer alone.`,
  )
}
