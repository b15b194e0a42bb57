import {
  type Certificate,
  type CertificateCommand,
  type CertificateId,
  certificateDecider,
  eventMetadata,
  fold,
  Refusal,
  streams,
} from '../domain/index.ts'
import { EventLogError, type LogPosition, prepareEvents, readWholeStream } from '../event-log/index.ts'
import type { SigningKey } from '../signing/signing-key.ts'
import { createSelfSignedCertificate, readCertificate } from '../signing/x509/index.ts'
import { collectGrounds, stillStand } from './grounds.ts'
import type { SignerDependencies } from './sign.ts'
import { readKey, storedKey } from './signing-key.ts'

/**
 * Makes the certificate that a certificate's stream asks for, unless it is there. Its key must be in its key store; whatever
 * is added to the stream of one of the two, such as that it is disabled, comes before the key's use.
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
  if (state.status === 'active') return { position: last.position }

  const found = await storedKey(keyStores, await readKey(log, state))
  const requireUnchanged = async () => {
    if (await stillStand(grounds, lastRevisions)) return
    throw new EventLogError(
      'EVENT_LOG_WRONG_EXPECTED_REVISION',
      `Something was added to ${[...grounds.keys()].join(' or ')} while the certificate was made.`,
    )
  }
  const guarded = { ...found, sign: (hash, digest) => found.sign(hash, digest, requireUnchanged) } satisfies SigningKey
  const decided = certificateDecider.decide(await makeCertificate(state, guarded), state)
  const initiator = { actor: { kind: 'system', component: 'signer' }, callId: last.id } as const
  const { organizationId } = state
  const metadata = eventMetadata(initiator, { organizationId, correlationId: certificateId, occurredAt: now() })
  const prepared = prepareEvents(streamId, revision, decided, metadata)
  const { position } = await dependencies.log.append(streamId, prepared, revision)
  return { position }
}

async function makeCertificate({ requested }: Certificate, key: SigningKey): Promise<CertificateCommand> {
  const { subject, notBefore, notAfter } = requested
  const validity = { notBefore: new Date(notBefore), notAfter: new Date(notAfter) }
  const der = await createSelfSignedCertificate({ key, subject, ...validity })
  const certificate = readCertificate(der)
  return {
    type: 'RecordIssued',
    issued: {
      format: 'x509',
      chain: [Buffer.from(der).toString('base64')],
      thumbprint: certificate.thumbprintSha256,
      subject: certificate.subject,
      issuer: certificate.issuer,
      serialNumber: certificate.serialNumber,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
    },
  }
}
