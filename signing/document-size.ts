import { SigningError } from './signing-error.ts'

/** A document that is read as a tree has at most so many bytes: it is held in memory. */
const largestDocument = 32 * 1024 * 1024

/**
 * Refuses a document that is too large to be read as a whole.
 *
 * @param document what it is, and the code of the error
 * @throws SigningError with that code
 */
export function requireReadableSize(
  size: number,
  { kind, code }: { readonly kind: string; readonly code: string },
): void {
  if (size > largestDocument)
    throw new SigningError(code, `The document has ${size} bytes; ${kind} is signed up to ${largestDocument} bytes.`)
}
