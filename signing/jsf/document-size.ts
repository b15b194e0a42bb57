import { SigningError } from '../signing-error.ts'

/** A document has at most so many bytes: it is held in memory as values. */
const largestDocument = 32 * 1024 * 1024

/** @throws SigningError `JSON_TOO_LARGE` */
export function requireReadableSize(size: number): void {
  if (size > largestDocument)
    throw new SigningError(
      'JSON_TOO_LARGE',
      `The document has ${size} bytes; JSON is signed up to ${largestDocument} bytes.`,
    )
}
