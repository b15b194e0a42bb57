import {
  type Certificate,
  type CertificateId,
  certificateAsPlanned,
  certificateDecider,
  chainOfCertificate,
  fold,
  type Instant,
  type IssuedCertificate,
  keyDecider,
  Refusal,
  streams,
  type UsableCertificate,
  type UsableKey,
  usableCertificate,
  usableKey,
} from '../domain/index.ts'
import { type EventLog, readNamedStream } from '../event-log/index.ts'
import { readOpenPgpCertificate } from '../signing/openpgp/index.ts'
import type { KeyStores, TokenKey } from '../signing/pkcs11/index.ts'
import { readCertificate } from '../signing/x509/index.ts'

/**
 * Finds a key in its key store.
 *
 * @throws Refusal `KEY_NOT_IN_STORE` when the key store does not hold it, `KEY_MISMATCH` when another key is in its place
 * @throws SigningError `KEY_STORE_NOT_CONFIGURED`, `PKCS11_…`
 */
export async function storedKey(keyStores: Pick<KeyStores, 'open'>, key: UsableKey): Promise<TokenKey> {
  const token = await keyStores.open(key.keyStore)
  const found = await token.findKey(Buffer.from(key.ckaId, 'hex'))
  const place = `The key store ${key.keyStore}`
  if (found === undefined)
    throw new Refusal(
      'KEY_NOT_IN_STORE',
      `${place} does not hold the key ${key.name} (CKA_ID ${key.ckaId}). Is it connected to the right token?`,
      { keyStore: key.keyStore, ckaId: key.ckaId },
    )
  if (!Buffer.from(key.publicKey, 'base64').equals(found.publicKey))
    throw new Refusal('KEY_MISMATCH', `${place} holds another key in the place of ${key.name} (CKA_ID ${key.ckaId}).`, {
      keyStore: key.keyStore,
      ckaId: key.ckaId,
    })
  return found
}

/**
 * Reads a certificate and its key in the log.
 *
 * @param plannedThumbprint of the certificate that a plan names, which may have been renewed since
 * @throws Refusal `CERTIFICATE_…` and `KEY_…` unless both can be used at this moment; `KEY_MISMATCH` when the certificate was
 *   not issued for the key
 * @throws EventLogError `EVENT_LOG_CORRUPT` when the log has no such certificate, or not its key
 */
export async function readCertificateAndKey(
  log: Pick<EventLog, 'readStream'>,
  certificateId: CertificateId,
  at: Instant,
  plannedThumbprint?: string,
): Promise<{ readonly certificate: UsableCertificate; readonly key: UsableKey }> {
  const { events } = await readNamedStream(log, streams.certificate(certificateId))
  const state = fold(certificateDecider, events)
  const certificate = usableCertificate(
    plannedThumbprint === undefined ? state : certificateAsPlanned(state, plannedThumbprint, at),
    at,
  )
  const key = await readKey(log, certificate)
  if (!Buffer.from(key.publicKey, 'base64').equals(await publicKeyOf(certificate.issued)))
    throw new Refusal('KEY_MISMATCH', `The certificate ${certificate.name} was not issued for the key ${key.name}.`)
  return { certificate, key }
}

/** The public key that a certificate is for, DER SubjectPublicKeyInfo. */
async function publicKeyOf(issued: IssuedCertificate): Promise<Uint8Array> {
  if (issued.format === 'x509') return readCertificate(signingCertificate(issued)).publicKey
  return (await readOpenPgpCertificate(Buffer.from(issued.publicKey, 'base64'))).publicKey
}

/** The certificate that signs, DER; empty for an OpenPGP key. */
export function signingCertificate(issued: IssuedCertificate): Buffer {
  return Buffer.from(chainOf(issued)[0] ?? [])
}

/** The certificate and those above it, DER, as configured; none for an OpenPGP key. */
export function chainOf(issued: IssuedCertificate): readonly Buffer[] {
  return chainOfCertificate(issued).map((each) => Buffer.from(each, 'base64'))
}

/** The OpenPGP certificate in its binary form; `undefined` of an X.509 one. */
export function openPgpCertificateOf(issued: IssuedCertificate): Buffer | undefined {
  return issued.format === 'openpgp' ? Buffer.from(issued.publicKey, 'base64') : undefined
}

/**
 * Reads the key that a certificate is for in the log.
 *
 * @throws Refusal `KEY_NOT_READY`, `KEY_DISABLED`; `KEY_NOT_FOUND` when it belongs to another organization
 * @throws EventLogError `EVENT_LOG_CORRUPT` when the log has no such key
 */
export async function readKey(
  log: Pick<EventLog, 'readStream'>,
  { keyId, name, organizationId }: Certificate,
): Promise<UsableKey> {
  const { events } = await readNamedStream(log, streams.key(keyId))
  const key = usableKey(fold(keyDecider, events), name)
  if (key.organizationId !== organizationId) throw new Refusal('KEY_NOT_FOUND', `There is no key ${keyId}.`)
  return key
}
