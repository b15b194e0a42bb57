import type { ExistingSignature } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { type InputFile, readRange } from './byte-blocks.ts'
import { certificateRevision, pkcsSignedData } from './certificate-table.ts'
import { nestSignature } from './nest-signature.ts'
import type { PeFile } from './pe-file.ts'

/** Whoever verifies takes no more, in one signature or in one table. */
const signatureCountLimit = 16
/** Of the signatures of a file together, in bytes: they are read whole. */
export const signatureLimit = 16 * 1024 * 1024

/**
 * What stays of the signatures that a file has when one is added: of a program its primary signature, the content of its
 * only WIN_CERTIFICATE; of an EFI image its whole certificate table.
 *
 * @returns `undefined` when the file has none
 * @throws SigningError `AUTHENTICODE_EXISTING_SIGNATURE_UNSUPPORTED`
 */
export async function readKeptSignatures(input: InputFile, file: PeFile): Promise<Uint8Array | undefined> {
  const table = file.certificateTable
  const [entry, ...more] = table?.entries ?? []
  if (table === undefined || entry === undefined) return undefined
  if (!table.aligned)
    throw unsupported(
      'their table begins at no multiple of 8, and they do not cover the bytes that would move it there',
    )
  const isPlain = ({ revision, type }: typeof entry) => revision === certificateRevision && type === pkcsSignedData
  if (![entry, ...more].every(isPlain))
    throw unsupported('one of them is no PKCS #7 signature in a WIN_CERTIFICATE of revision 2.0')
  if (!file.isEfi && more.length > 0)
    throw unsupported(`they are ${more.length + 1} entries of the table, of which Windows reads only the first`)
  const { offset, length } = file.isEfi ? table : entry
  if (length > signatureLimit) throw unsupported(`they have ${length} bytes; at most ${signatureLimit} are kept`)
  // A copy, because a pass over the file will change its first block.
  return Uint8Array.from(await readRange(input, offset, length))
}

/**
 * Refuses to add a signature to those that a file has, before people approve it: when one of them cannot be read or is not
 * valid for the file, so that adding to it would make a file that nobody accepts, or when there are too many.
 *
 * @param kept as `readKeptSignatures` answers
 * @param existing the same signatures, as they were found
 * @param adding how many are added
 * @throws SigningError `AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED`, `AUTHENTICODE_EXISTING_SIGNATURE_INVALID`,
 * `AUTHENTICODE_EXISTING_SIGNATURE_UNSUPPORTED`
 */
export function assertCanBeKept(
  file: PeFile,
  kept: Uint8Array,
  existing: readonly ExistingSignature[],
  adding = 1,
): void {
  for (const signature of existing) {
    if (signature.kind === 'unreadable')
      throw new SigningError(
        'AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED',
        `A signature cannot be added to one that cannot be read: ${signature.reason}`,
      )
    if (signature.integrity === 'fileChanged' || signature.integrity === 'invalid')
      throw new SigningError(
        'AUTHENTICODE_EXISTING_SIGNATURE_INVALID',
        `A signature cannot be added to that of ${signature.signer ?? 'an unknown signer'}, which is not valid: ` +
          (signature.integrity === 'fileChanged'
            ? 'the file was changed after it was signed.'
            : "it was not made by its certificate's key."),
      )
    const [behind] = signature.uncovered.filter((text) => text.endsWith('bytes behind the signature'))
    if (behind !== undefined) throw unsupported(`one of them is followed by ${behind}`)
  }
  const nested = existing.filter(({ depth }) => depth > 0).length
  const count = file.isEfi ? existing.length - nested : nested
  if (count + adding > signatureCountLimit)
    throw unsupported(`there are ${existing.length} already, and verifiers take no more than ${signatureCountLimit}`)
  if (!file.isEfi) nestSignature(kept, new Uint8Array([0x30, 0]))
}

function unsupported(why: string): SigningError {
  return new SigningError(
    'AUTHENTICODE_EXISTING_SIGNATURE_UNSUPPORTED',
    `A signature cannot be added to those of this file, only take their place: ${why}.`,
  )
}
