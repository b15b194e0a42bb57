import type { HashAlgorithm } from '../../domain/index.ts'
import { type VerifiedDetachedCms, verifyDetachedCms } from '../cms-detached/verify.ts'
import type { DetachedExpectation, OpenFile } from '../detached-signature.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { decodeBase64 } from '../x509/pem.ts'
import type { ComparedContent, ComparisonWork } from './compare-content.ts'

/** A message, the file that it is to hold, and how. */
export interface MessageToVerify {
  readonly file: OpenFile
  readonly message: OpenFile
  readonly normalization: 'line-endings' | 'none'
}

/** Chain and time-stamp with its chain included, in base64. */
const longestSignature = 1536 * 1024
const longestHead = 1024

/** All of the head, and nothing that anybody could add to it. */
const headForm =
  /^MIME-Version: 1\.0\r\nContent-Type: multipart\/signed; protocol="application\/pkcs7-signature";\r\n micalg=(sha-256|sha-384|sha-512); boundary="([0-9A-Za-z-]{1,70})"\r\n\r\nThis is an S\/MIME signed message\r\n\r\n--([0-9A-Za-z-]{1,70})\r\n/

/** The header of the part with the signature. */
const signatureHeader =
  'Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=smime.p7s\r\n\r\n'

/**
 * Verifies a multipart/signed message: its frame to the byte, that its first part is the file by the normalization, that no line of it is a
 * boundary, and its CMS signature.
 *
 * @throws SigningError `DETACHED_…`, `FILE_…`
 */
export async function verifyMessage(
  { file, message, normalization }: MessageToVerify,
  expectation: DetachedExpectation,
  { passes, ...following }: FileWorkOptions,
): Promise<VerifiedDetachedCms> {
  const head = await readPart(message, 0, longestHead)
  const [opening = '', micalg = '', boundary = '', first] = headForm.exec(head.toString('latin1')) ?? []
  if (opening === '' || first !== boundary) throw malformed('it does not begin as such messages do')
  const tailAt = Math.max(opening.length, message.size - longestSignature)
  const tail = (await readPart(message, tailAt, message.size - tailAt)).toString('latin1')
  const delimiter = `\r\n--${boundary}\r\n`
  // An empty file's part has no bytes before its delimiter.
  const at = tail.lastIndexOf(delimiter)
  if (at < 0) throw malformed('there is no part with a signature')
  const encoded = signatureOf(tail.slice(at + delimiter.length), boundary)

  const work: Omit<ComparisonWork, 'hash'> = {
    file: { descriptor: file.handle.fd, size: file.size },
    message: { descriptor: message.handle.fd, from: opening.length, to: tailAt + at },
    delimiter: `--${boundary}`,
    normalization,
  }
  const module = new URL('./compare-content.ts', import.meta.url).href
  const digestOf = async (hash: HashAlgorithm) => {
    if (micalg.replace('-', '') !== hash) throw malformed(`micalg is ${micalg}, and the signature is by ${hash}`)
    const compared = (await passes.work({ module, parameters: { ...work, hash } }, following)) as ComparedContent
    if (compared.holdsDelimiter) throw malformed('a line of the signed part is the boundary')
    if (!compared.isFile)
      throw new SigningError('DETACHED_DIGEST_MISMATCH', 'The signed part of the message is not the file.')
    return Buffer.from(compared.digest, 'hex')
  }
  return verifyDetachedCms(encoded, digestOf, expectation)
}

/** Lines of 64 characters, each but the last full, and behind them the last boundary. */
function signatureOf(part: string, boundary: string): Uint8Array {
  const end = `\r\n--${boundary}--\r\n`
  if (!part.startsWith(signatureHeader) || !part.endsWith(end))
    throw malformed('its second part is not a signature and nothing else')
  const text = part.slice(signatureHeader.length, part.length - end.length)
  const bytes = /^(?:[A-Za-z0-9+/]{64}\r\n)*[A-Za-z0-9+/]{1,64}={0,2}$/.test(text) ? decodeBase64(text) : undefined
  if (bytes === undefined || Buffer.from(bytes).toString('base64') !== text.replaceAll('\r\n', ''))
    throw malformed('the signature is not base64 in lines of 64 characters')
  return bytes
}

function malformed(what: string): SigningError {
  return new SigningError('DETACHED_MALFORMED', `This is not the S/MIME message that was to be made: ${what}.`)
}

async function readPart({ handle }: OpenFile, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}
