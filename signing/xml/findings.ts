import type { FileHandle } from 'node:fs/promises'
import type { SignatureIntegrity } from '../../domain/index.ts'
import { requireReadableSize } from '../document-size.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import type { CheckedSignature } from './check-enveloped.ts'
import type { DocumentFindings, DocumentReading } from './document-thread.ts'

const module = new URL('./document-thread.ts', import.meta.url).href

/**
 * Has a thread read a document within its limits.
 *
 * @param certificate DER: of the key that signed, where a signature names none
 * @throws SigningError as reading; `FILE_PARSE_LIMIT`; the signal's reason
 */
export async function readFindings(
  handle: FileHandle,
  size: number,
  { passes, signal }: FileWorkOptions,
  certificate?: Uint8Array,
): Promise<DocumentFindings> {
  requireReadableSize(size, { kind: 'XML', code: 'XML_TOO_LARGE' })
  const parameters: DocumentReading = { input: handle.fd, size, certificate }
  return (await passes.parse({ module, parameters }, { signal })) as DocumentFindings
}

/** What became of a signature and of what it covers. */
export function integrityOf({ digestHolds, valueHolds }: CheckedSignature): SignatureIntegrity {
  if (valueHolds === false) return 'invalid'
  if (digestHolds === false) return 'fileChanged'
  return valueHolds === undefined || digestHolds === undefined ? 'unchecked' : 'intact'
}
