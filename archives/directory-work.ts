import type { DoFileWork, FileWork } from '../signing/file-passes/index.ts'
import { ArchiveError } from './archive-error.ts'
import type { ArchiveLimits } from './limits.ts'
import { positionedReader } from './positioned-reader.ts'
import { readDirectory } from './read-directory.ts'
import type { ZipDirectory } from './zip-entry.ts'

/** An archive whose directory is to be read. */
export interface DirectoryRequest {
  /** File descriptor. */
  readonly fd: number
  readonly size: number
  readonly limits: ArchiveLimits
}

/** What came of reading a directory. Errors lose their fields on the way between threads, so refusals are data. */
export type DirectoryAnswer =
  | { readonly directory: ZipDirectory }
  | { readonly refusal: { readonly code: string; readonly message: string; readonly entry: string | null } }

/** The order for a thread to read an archive's directory: it gives a {@link DirectoryAnswer}. */
export function directoryWork(request: DirectoryRequest): FileWork {
  return { module: import.meta.url, parameters: request }
}

/**
 * In that thread: reads and checks the directory.
 *
 * @throws SigningError `FILE_TRUNCATED`, `FILE_READ_FAILED` (transient)
 */
export const doFileWork: DoFileWork<DirectoryRequest, DirectoryAnswer> = async (request) => {
  try {
    return { directory: readDirectory(positionedReader(request, windowSize), request.size, request.limits) }
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error
    const { code, message, entry } = error
    return { refusal: { code, message, entry } }
  }
}

/** Several headers of small entries, and little more than the header of a large one. */
const windowSize = 16 * 1024
