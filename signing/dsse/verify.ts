import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type HashAlgorithm, repeatedJsonName } from '../../domain/index.ts'
import type { RsaPadding } from '../detached/attributes.ts'
import { digestSignatureHolds } from '../detached/verify-digest.ts'
import { type DoFileWork, fillBlocking } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import { readBase64, signedBytes } from './read-envelope.ts'

/** An envelope, the file that it is to hold, and how it is to be signed. File descriptors belong to the whole process. */
export interface EnvelopeCheck {
  readonly envelope: { readonly descriptor: number; readonly size: number }
  readonly file: { readonly descriptor: number; readonly size: number }
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  readonly hash: HashAlgorithm
  /** Without meaning for keys that are not RSA. */
  readonly padding: RsaPadding
}

/** What an envelope that holds says. */
export interface FoundEnvelope {
  readonly payloadType: string
  /** Of what is signed, hexadecimal. */
  readonly digest: string
}

const form = z.strictObject({
  payload: z.string(),
  payloadType: z.string(),
  signatures: z.tuple([z.strictObject({ keyid: z.string(), sig: z.string() })]),
})

/**
 * In a thread of `FilePasses`: verifies an envelope with one signature, of the file and the key. What it says of the key (`keyid`) decides
 * nothing.
 *
 * @throws SigningError `DETACHED_MALFORMED`, `DETACHED_DIGEST_MISMATCH`, `DETACHED_SIGNATURE_INVALID`
 */
export const doFileWork: DoFileWork<EnvelopeCheck, FoundEnvelope> = async ({ envelope, file, ...signing }) => {
  const { payload, payloadType, signatures } = parsed(read(envelope))
  const bytes = readBase64(payload)
  const signature = readBase64(signatures[0].sig)
  if (bytes === undefined || signature === undefined) throw malformed('its payload or signature is no base64')
  if (!bytes.equals(read(file)))
    throw new SigningError('DETACHED_DIGEST_MISMATCH', 'The payload of the envelope is not the file.')
  const digest = createHash(signing.hash).update(signedBytes(payloadType, bytes)).digest()
  const { publicKey, hash, padding } = signing
  if (!(await digestSignatureHolds(publicKey, { digest, hash, padding, ecdsa: 'asn1', signature })))
    throw new SigningError(
      'DETACHED_SIGNATURE_INVALID',
      'The signature of the envelope does not verify with the signing key.',
    )
  return { payloadType, digest: digest.toString('hex') }
}

function parsed(bytes: Buffer): z.infer<typeof form> {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    value = JSON.parse(text)
  } catch {
    throw malformed('it is no JSON in UTF-8')
  }
  if (repeatedJsonName(text, 8) !== undefined) throw malformed('a name stands in it twice, or it is nested too deep')
  const result = form.safeParse(value)
  if (!result.success) throw malformed('it has other members than payload, payloadType and one signature')
  return result.data
}

function read({ descriptor, size }: EnvelopeCheck['file']): Buffer {
  const bytes = Buffer.alloc(size)
  fillBlocking(descriptor, { offset: 0, bytes })
  return bytes
}

function malformed(what: string): SigningError {
  return new SigningError('DETACHED_MALFORMED', `This is not the DSSE envelope that was to be made: ${what}.`)
}
