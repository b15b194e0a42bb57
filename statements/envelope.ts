import { z } from 'zod'
import { readBase64 } from '../signing/dsse/read-envelope.ts'
import { parseStrictly } from './read-json.ts'
import { StatementError } from './statement-error.ts'

/** The payload type of in-toto statements in DSSE envelopes (in-toto Envelope v1). */
export const inTotoPayloadType = 'application/vnd.in-toto+json'

/** An envelope whose parts were decoded. Nothing of it is believed yet. */
export type ReadEnvelope = {
  readonly payloadType: string
  readonly payload: Buffer
  readonly signatures: readonly { readonly keyid: string; readonly bytes: Buffer }[]
}

const base64Text = z.string().min(1)

/** Others add members, such as certificates; they are left out of account. */
const envelopeForm = z.object({
  payload: base64Text,
  payloadType: z.string().min(1).max(200),
  signatures: z
    .array(z.object({ keyid: z.string().max(1000).nullish(), sig: base64Text.max(2000) }))
    .min(1)
    .max(16),
})

/**
 * Reads a DSSE envelope out of a text.
 *
 * @throws StatementError `STATEMENT_ENVELOPE_MALFORMED`, which names the member at fault
 */
export function readEnvelope(text: string | Uint8Array): ReadEnvelope {
  return decodeEnvelope(parseStrictly(text, { what: 'The envelope', code: 'STATEMENT_ENVELOPE_MALFORMED' }))
}

/**
 * The same of what was parsed already, as it stands in a bundle.
 *
 * @throws StatementError `STATEMENT_ENVELOPE_MALFORMED`
 */
export function decodeEnvelope(value: unknown): ReadEnvelope {
  const parsed = envelopeForm.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw malformed(`${['envelope', ...(issue?.path ?? [])].join('.')}: ${issue?.message}`)
  }
  const { payload, payloadType, signatures } = parsed.data
  const decode = (encoded: string, where: string) => {
    const bytes = readBase64(encoded)
    if (bytes === undefined || bytes.length === 0) throw malformed(`${where} is no base64`)
    return bytes
  }
  return {
    payloadType,
    payload: decode(payload, 'envelope.payload'),
    signatures: signatures.map(({ keyid, sig }, index) => ({
      keyid: keyid ?? '',
      bytes: decode(sig, `envelope.signatures.${index}.sig`),
    })),
  }
}

function malformed(what: string): StatementError {
  return new StatementError(
    'STATEMENT_ENVELOPE_MALFORMED',
    `This is no DSSE envelope: ${what}. It is a JSON object with payload and payloadType, and with 1 to 16 signatures that have sig.`,
  )
}
