import type { Certificate, Instant, OpenPgpKey } from '../domain/index.ts'
import { neverEnds } from '../domain/index.ts'
import { makeOpenPgpCertificate, readOpenPgpCertificate } from '../signing/openpgp/index.ts'
import type { SigningKey } from '../signing/signing-key.ts'

/**
 * Has an OpenPGP key certify its user id and its end: for the first time, or by a further self-signature, which is later than the ones
 * before. What was made is verified before anybody gets it.
 *
 * @throws SigningError `PKCS11_…`, `DETACHED_…`; what the key throws
 */
export async function certifyOpenPgpKey(
  { requested, issued }: Certificate,
  key: SigningKey,
  now: Instant,
): Promise<OpenPgpKey> {
  if (requested.kind !== 'openPgp') throw new Error('The certificate is no OpenPGP key.')
  const { userId, createdAt, expiresAt } = requested
  const before = issued?.format === 'openpgp' ? Buffer.from(issued.publicKey, 'base64') : undefined
  const last = before === undefined ? undefined : (await readOpenPgpCertificate(before)).certifiedAt
  const made = await makeOpenPgpCertificate({
    key,
    userId,
    createdAt: new Date(createdAt),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    // Of two self-signatures the later one counts, by whole seconds.
    madeAt: new Date(Math.max(Date.parse(now), last === undefined ? 0 : last.getTime() + 1000)),
    before,
  })
  return openPgpKeyOf(made)
}

/** What the log says of an OpenPGP certificate. @throws SigningError `DETACHED_…` when its self-signatures do not hold */
export async function openPgpKeyOf(bytes: Uint8Array): Promise<OpenPgpKey> {
  const { fingerprint, userId, createdAt, expiresAt } = await readOpenPgpCertificate(bytes)
  return {
    format: 'openpgp',
    publicKey: Buffer.from(bytes).toString('base64'),
    thumbprint: fingerprint,
    subject: userId,
    issuer: userId,
    serialNumber: fingerprint.slice(-16),
    notBefore: createdAt.toISOString(),
    notAfter: expiresAt?.toISOString() ?? neverEnds,
  }
}
