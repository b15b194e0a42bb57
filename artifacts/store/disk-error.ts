import { ArtifactError } from '../artifact-error.ts'

// EFBIG is what a file size limit of the process (RLIMIT_FSIZE) answers.
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/**
 * Runs work on the store's disk and gives its failures their code. All are transient: a full or absent disk says
 * nothing about the artifact, and is mended by an operator without the request changing.
 *
 * @param what what was being done, for the message: "storing an artifact"
 * @throws ArtifactError `ARTIFACT_STORE_FULL` or `ARTIFACT_STORE_UNAVAILABLE`
 */
export async function onDisk<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw diskError(what, error)
  }
}

/** The error of a system call with its code of ours; anything else as it is. */
export function diskError(what: string, error: unknown): unknown {
  const errno = errnoOf(error)
  if (errno === undefined) return error
  if (fullCodes.has(errno))
    return new ArtifactError(
      'ARTIFACT_STORE_FULL',
      `The artifact store has no room left (${errno} while ${what}). Free disk space, or raise the quota, and try again.`,
      { transient: true, cause: error },
    )
  return new ArtifactError(
    'ARTIFACT_STORE_UNAVAILABLE',
    `The artifact store cannot be used (${errno} while ${what}). Check that its folder is there, writable and sound.`,
    { transient: true, cause: error },
  )
}

/** The system's code of a failed call (`ENOENT` …), if the error is one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'errno' in error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}
