import { z } from 'zod'
import { canonicalJson } from '../domain/index.ts'
import type { Envelope } from '../signing/dsse/envelope.ts'
import { decodeEnvelope, type ReadEnvelope } from './envelope.ts'
import { parseStrictly } from './read-json.ts'
import { StatementError } from './statement-error.ts'
import { statementKey } from './statement-key.ts'

/** The media type of sigstore bundles of the version 0.3. */
export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json'

/**
 * The bytes of a sigstore bundle of an envelope with one signature. Its verification material is a hint at the key alone: there is
 * no entry of a transparency log, and no time-stamp; whoever verifies has the key from elsewhere.
 *
 * @param publicKey that signed, DER SubjectPublicKeyInfo
 */
export function bundleDocument(envelope: Envelope, publicKey: Uint8Array): Buffer {
  const hint = statementKey(publicKey).fingerprint.toString('base64')
  return Buffer.from(
    canonicalJson({
      mediaType: bundleMediaType,
      verificationMaterial: { publicKey: { hint } },
      dsseEnvelope: envelope,
    }),
    'utf8',
  )
}

const bundleForm = z.object({
  mediaType: z.literal(bundleMediaType),
  verificationMaterial: z.strictObject({
    publicKey: z.object({ hint: z.string().max(1000).optional() }),
    // What these say nothing here verifies, so a bundle that has some is not accepted by halves.
    tlogEntries: z.array(z.never()).max(0).optional(),
    timestampVerificationData: z.strictObject({ rfc3161Timestamps: z.array(z.never()).max(0).optional() }).optional(),
  }),
  dsseEnvelope: z.unknown(),
})

/**
 * Reads a sigstore bundle that is verified by a public key.
 *
 * @throws StatementError `STATEMENT_BUNDLE_MALFORMED`: also for one with a certificate, log entries or time-stamps, which may be
 *   another artifact's, and for an envelope with more than the one signature that a bundle has; `STATEMENT_ENVELOPE_MALFORMED`
 */
export function readBundle(text: string | Uint8Array): ReadEnvelope {
  const code = 'STATEMENT_BUNDLE_MALFORMED'
  const parsed = bundleForm.safeParse(parseStrictly(text, { what: 'The bundle', code }))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new StatementError(
      code,
      `This is no sigstore bundle ${bundleMediaType} for a public key, without log entries and time-stamps: ${issue?.path.join('.') || 'all of it'}: ${issue?.message}.`,
    )
  }
  const envelope = decodeEnvelope(parsed.data.dsseEnvelope)
  if (envelope.signatures.length !== 1)
    throw new StatementError(code, `A bundle has one signature; this one has ${envelope.signatures.length}.`)
  return envelope
}
