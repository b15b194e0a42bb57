import { constants } from 'node:os'
import { ArtifactError } from '../artifact-error.ts'

// EFBIG is what a file size limit of the process (RLIMIT_FSIZE) answers.
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** A folder of the service, and the codes of what goes wrong on its disk. */
export type DiskPlace = { readonly name: string; readonly full: string; readonly unavailable: string }

/** The folder of the artifact store. */
export const artifactStorePlace: DiskPlace = {
  name: 'The artifact store',
  full: 'ARTIFACT_STORE_FULL',
  unavailable: 'ARTIFACT_STORE_UNAVAILABLE',
}

/** The folder where the signer works on copies of its own. */
export const signerScratchPlace: DiskPlace = {
  name: "The signer's scratch folder",
  full: 'SIGNER_SCRATCH_FULL',
  unavailable: 'SIGNER_SCRATCH_UNAVAILABLE',
}

/**
 * Runs work on a disk and gives its failures their code. All are transient: a full or absent disk says nothing about the
 * artifact, and is mended by an operator without the request changing.
 *
 * @param what what was being done, for the message: "storing an artifact"
 * @throws ArtifactError with the code of the place, `ARTIFACT_STORE_…` by default
 */
export async function onDisk<T>(what: string, work: () => Promise<T>, place = artifactStorePlace): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw diskError(what, error, place)
  }
}

/** The error of a system call with its code of ours; anything else as it is. */
export function diskError(what: string, error: unknown, place = artifactStorePlace): unknown {
  const errno = errnoOf(error)
  if (errno === undefined) return error
  if (saysFull(error))
    return new ArtifactError(
      place.full,
      `${place.name} has no room left (${errno} while ${what}). Free disk space, or raise the quota, and try again.`,
      { transient: true, cause: error },
    )
  return new ArtifactError(
    place.unavailable,
    `${place.name} cannot be used (${errno} while ${what}). Check that its folder is there, writable and sound.`,
    { transient: true, cause: error },
  )
}

/** The system's code of a failed call (`ENOENT` …), if the error is one. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error && 'errno' in error && 'code' in error && typeof error.code === 'string'))
    return undefined
  // Node has no name for it, only the number.
  return error.errno === -constants.errno.EDQUOT ? 'EDQUOT' : error.code
}

/** Whether a failed call says that there is no room left: of the disk, of the user's quota, of a file's size. */
export function saysFull(error: unknown): boolean {
  return fullCodes.has(errnoOf(error) ?? '')
}
