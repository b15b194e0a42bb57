import { SigningError } from '../signing-error.ts'

/** A document has at most so many bytes: libxml2 holds it in memory as a tree. */
const largestDocument = 32 * 1024 * 1024

/** @throws SigningError `XML_TOO_LARGE` */
export function requireReadableSize(size: number): void {
  if (size > largestDocument)
    throw new SigningError(
      'XML_TOO_LARGE',
      `The document has ${size} bytes; XML is signed up to ${largestDocument} bytes.`,
    )
}
