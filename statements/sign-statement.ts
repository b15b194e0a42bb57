import { createHash } from 'node:crypto'
import { canonicalJson } from '../domain/index.ts'
import { beforePayload, type Envelope } from '../signing/dsse/envelope.ts'
import { keyIdOf } from '../signing/dsse/key-id.ts'
import type { SigningKey } from '../signing/signing-key.ts'
import { inTotoPayloadType } from './envelope.ts'
import type { Statement } from './statement.ts'
import { StatementError } from './statement-error.ts'
import { statementKey } from './statement-key.ts'

/**
 * Signs a statement. The payload is canonical JSON, so that the same statement has the same bytes; the signature is over DSSE's
 * pre-authentication encoding of type and payload.
 *
 * @param before as of {@link SigningKey.sign}
 * @throws StatementError `STATEMENT_KEY_UNSUITABLE`; SigningError `PKCS11_…`; what `before` throws
 */
export async function signStatement(
  key: SigningKey,
  statement: Statement,
  before?: () => Promise<void>,
): Promise<Envelope> {
  const payload = Buffer.from(canonicalJson(statement), 'utf8')
  const { key: publicKey, hash } = statementKey(key.publicKey)
  if (hash === null)
    throw new StatementError('STATEMENT_KEY_UNSUITABLE', `Keys of the type ${key.algorithm} sign no statements.`)
  const digest = createHash(hash).update(beforePayload(inTotoPayloadType, payload.length)).update(payload).digest()
  const signature = await key.sign(hash, digest, before)
  return {
    payload: payload.toString('base64'),
    payloadType: inTotoPayloadType,
    signatures: [{ keyid: keyIdOf(publicKey), sig: Buffer.from(signature).toString('base64') }],
  }
}

/** The bytes of an envelope's document. */
export function envelopeDocument(envelope: Envelope): Buffer {
  return Buffer.from(canonicalJson(envelope), 'utf8')
}
