import { verify } from 'node:crypto'
import { signedBytes } from '../signing/dsse/read-envelope.ts'
import { inTotoPayloadType, type ReadEnvelope, readEnvelope } from './envelope.ts'
import { StatementError } from './statement-error.ts'
import { type StatementKey, statementKey } from './statement-key.ts'

/** Whose signatures an envelope must have. */
export type SignatureDemand = {
  /** DER SubjectPublicKeyInfo each. */
  readonly keys: readonly Uint8Array[]
  /** By so many different keys of these; 1 by default. */
  readonly threshold?: number
}

/** What was signed. Only these bytes may be parsed further. */
export type VerifiedPayload = {
  readonly payload: Buffer
  /** Of the keys that signed, DER SubjectPublicKeyInfo in the order of the demand. */
  readonly signedBy: readonly Uint8Array[]
}

/**
 * Verifies a DSSE envelope of an in-toto statement. Each trusted key is tried on each signature: what an envelope says of keys
 * (`keyid`) decides nothing. A key counts once, however many signatures it made and however often it is named.
 *
 * @throws StatementError `STATEMENT_ENVELOPE_MALFORMED`, `STATEMENT_PAYLOAD_TYPE_UNEXPECTED`, `STATEMENT_KEY_UNSUITABLE`,
 *   `STATEMENT_SIGNATURE_INVALID` when fewer trusted keys than demanded have signed it
 */
export function verifyEnvelope(text: string | Uint8Array, demand: SignatureDemand): VerifiedPayload {
  return verifyReadEnvelope(readEnvelope(text), demand)
}

/**
 * The same of an envelope that was read already.
 *
 * @throws StatementError as {@link verifyEnvelope}
 */
export function verifyReadEnvelope(envelope: ReadEnvelope, { keys, threshold = 1 }: SignatureDemand): VerifiedPayload {
  if (envelope.payloadType !== inTotoPayloadType)
    throw new StatementError(
      'STATEMENT_PAYLOAD_TYPE_UNEXPECTED',
      `The envelope holds ${JSON.stringify(envelope.payloadType)}; ${inTotoPayloadType} is demanded.`,
    )
  const signedBy = signersOf(envelope, keys)
  const demanded = Math.max(1, threshold)
  if (signedBy.length < demanded)
    throw new StatementError(
      'STATEMENT_SIGNATURE_INVALID',
      `The envelope is signed by ${signedBy.length} of the trusted keys; ${demanded} must have signed it.`,
    )
  return { payload: envelope.payload, signedBy }
}

/**
 * Those of some keys that have signed an envelope, each once.
 *
 * @throws StatementError `STATEMENT_KEY_UNSUITABLE`
 */
export function signersOf(
  { payloadType, payload, signatures }: ReadEnvelope,
  keys: readonly Uint8Array[],
): readonly Uint8Array[] {
  const signed = signedBytes(payloadType, payload)
  const signers = new Map<string, Uint8Array>()
  for (const spki of keys) {
    const key = statementKey(spki)
    if (signatures.some(({ bytes }) => holds(key, signed, bytes))) signers.set(key.fingerprint.toString('hex'), spki)
  }
  return [...signers.values()]
}

function holds({ key, hash }: StatementKey, signed: Buffer, signature: Buffer): boolean {
  try {
    return verify(hash, signed, key, signature)
  } catch {
    // OpenSSL throws for some signatures that are none of the key's form.
    return false
  }
}
