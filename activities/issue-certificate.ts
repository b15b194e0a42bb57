import {
  type Certificate,
  type CertificateCommand,
  type CertificateId,
  certificateDecider,
  eventMetadata,
  fold,
  type Instant,
  Refusal,
  streams,
} from '../domain/index.ts'
import { type EventLog, EventLogError, type LogPosition, prepareEvents, readWholeStream } from '../event-log/index.ts'
import type { SigningKey } from '../signing/signing-key.ts'
import {
  createCertificationRequest,
  createSelfSignedCertificate,
  issuedCertificate,
  namesOfCertificate,
  newNames,
} from '../signing/x509/index.ts'
import { collectGrounds, stillStand } from './grounds.ts'
import { readKeyHistory } from './key-history.ts'
import { certifyOpenPgpKey } from './openpgp-key.ts'
import type { SignerDependencies } from './sign.ts'
import { readKey, signingCertificate, storedKey } from './signing-key.ts'

/** The extended key usage that requests to authorities ask for (RFC 5280 §4.2.1.12). */
const codeSigning = '1.3.6.1.5.5.7.3.3'

/**
 * Makes what a certificate's stream asks for, unless it is there: a self-signed certificate, a self-signature of an OpenPGP key, or the
 * request that goes to an authority; the first, or the one for a renewal, then with the same names to the byte. One that came with its key comes into
 * use once somebody has brought that in. The key must be in its key store; whatever is added to the stream of one of the two, such
 * as that it is disabled, comes before the key's use.
 *
 * @throws Refusal `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_DISABLED`, `KEY_NOT_FOUND`, `KEY_NOT_READY`, `KEY_DISABLED`,
 *   `KEY_NOT_IN_STORE`, `KEY_MISMATCH`
 * @throws SigningError `KEY_STORE_NOT_CONFIGURED`, `PKCS11_…`, `X509_…`
 */
export async function issueCertificate(
  dependencies: Pick<SignerDependencies, 'log' | 'lastRevisions' | 'keyStores' | 'now'>,
  certificateId: CertificateId,
): Promise<{ readonly position: LogPosition }> {
  const { lastRevisions, keyStores, now } = dependencies
  const { log, grounds } = collectGrounds(dependencies.log)
  const streamId = streams.certificate(certificateId)
  const { events, revision } = await readWholeStream(log, streamId)
  const state = fold(certificateDecider, events)
  const last = events.at(-1)
  if (state.status === 'none' || last === undefined)
    throw new Refusal('CERTIFICATE_NOT_FOUND', `There is no certificate ${certificateId}.`)
  if (state.status === 'disabled')
    throw new Refusal('CERTIFICATE_DISABLED', `The certificate ${state.name} was disabled before it was issued.`)
  const isAsked = state.status === 'requested' || state.renewal.requested
  if (!isAsked || state.signingRequest !== null) return { position: last.position }

  if (state.kind === 'imported' && (await isAwaited(log, state))) return { position: last.position }
  const found = await storedKey(keyStores, await readKey(log, state))
  const requireUnchanged = async () => {
    if (await stillStand(grounds, lastRevisions)) return
    throw new EventLogError(
      'EVENT_LOG_WRONG_EXPECTED_REVISION',
      `Something was added to ${[...grounds.keys()].join(' or ')} while the certificate was made.`,
    )
  }
  const guarded = { ...found, sign: (hash, digest) => found.sign(hash, digest, requireUnchanged) } satisfies SigningKey
  const decided = certificateDecider.decide(await makeCertificate(state, guarded, now()), state)
  const initiator = { actor: { kind: 'system', component: 'signer' }, callId: last.id } as const
  const { organizationId } = state
  const metadata = eventMetadata(initiator, { organizationId, correlationId: certificateId, occurredAt: now() })
  const prepared = prepareEvents(streamId, revision, decided, metadata)
  const { position } = await dependencies.log.append(streamId, prepared, revision)
  return { position }
}

/** Whether somebody has still to bring the certificate's key in: that may be never, and nothing waits for it. */
async function isAwaited(log: Pick<EventLog, 'readStream'>, { keyId }: Certificate): Promise<boolean> {
  const { state } = await readKeyHistory(log, keyId)
  return state.origin === 'imported' && state.status === 'requested'
}

/** The next certificate ends as long after now as the first one did after its beginning. */
async function makeCertificate(certificate: Certificate, key: SigningKey, now: Instant): Promise<CertificateCommand> {
  const { requested, issued } = certificate
  if (requested.kind === 'imported') return { type: 'RecordImported' }
  if (requested.kind === 'openPgp')
    return { type: 'RecordIssued', issued: await certifyOpenPgpKey(certificate, key, now) }
  const { subject } = requested
  if (requested.kind === 'selfSigned') {
    const [from, to] = [new Date(requested.notBefore), new Date(requested.notAfter)]
    const lifetime = to.getTime() - from.getTime()
    const validity =
      issued === null
        ? { notBefore: from, notAfter: to }
        : { notBefore: new Date(now), notAfter: new Date(Date.parse(now) + lifetime) }
    const der = await createSelfSignedCertificate({ key, subject, ...validity })
    return { type: 'RecordIssued', issued: issuedCertificate([der]) }
  }
  const request = await createCertificationRequest({
    key,
    names:
      issued === null ? newNames(subject, requested.alternativeNames) : namesOfCertificate(signingCertificate(issued)),
    digitalSignature: true,
    extendedKeyUsages: [codeSigning],
  })
  return { type: 'RecordSigningRequest', request: Buffer.from(request).toString('base64') }
}
