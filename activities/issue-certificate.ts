import {
  type Certificate,
  type CertificateCommand,
  type CertificateId,
  certificateDecider,
  fold,
  Refusal,
  streams,
} from '../domain/index.ts'
import {
  EventLogError,
  type LogPosition,
  prepareEvents,
  readWholeStream,
  type WholeStream,
} from '../event-log/index.ts'
import { createSelfSignedCertificate, readCertificate } from '../signing/x509/index.ts'
import { keyIdOf } from './certificate-key.ts'
import { stillStand } from './grounds.ts'
import type { SignerDependencies } from './sign.ts'

/**
 * Makes the key and the certificate that a certificate's stream asks for, as far as they are not there: it may have been
 * interrupted anywhere before.
 *
 * @throws Refusal `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_DISABLED`
 */
export async function issueCertificate(
  { log, lastRevisions, token, now }: Pick<SignerDependencies, 'log' | 'lastRevisions' | 'token' | 'now'>,
  certificateId: CertificateId,
): Promise<{ readonly position: LogPosition }> {
  const streamId = streams.certificate(certificateId)
  for (;;) {
    const { events, revision } = await readWholeStream(log, streamId)
    const state = fold(certificateDecider, events)
    const last = events.at(-1)
    if (state.status === 'none' || last === undefined)
      throw new Refusal('CERTIFICATE_NOT_FOUND', `There is no certificate ${certificateId}.`)
    if (state.status === 'disabled')
      throw new Refusal('CERTIFICATE_DISABLED', `The certificate ${state.name} was disabled before it was issued.`)
    if (state.status === 'active') return { position: last.position }
    const command = state.status === 'requested' ? await makeKey(state) : await makeCertificate(state, revision)
    const decided = certificateDecider.decide(command, state)
    const metadata = {
      organizationId: state.organizationId,
      actor: { kind: 'system', component: 'signer' } as const,
      correlationId: certificateId,
      causationId: last.id,
      occurredAt: now(),
    }
    await log.append(streamId, prepareEvents(streamId, revision, decided, metadata), revision)
  }

  async function requireLast(revision: WholeStream['revision']): Promise<void> {
    if (await stillStand(new Map([[streamId, revision]]), lastRevisions)) return
    throw new EventLogError(
      'EVENT_LOG_WRONG_EXPECTED_REVISION',
      `Something was added to ${streamId} while its certificate was made.`,
    )
  }

  async function makeKey({ name, keyAlgorithm }: Certificate): Promise<CertificateCommand> {
    const id = keyIdOf(certificateId)
    const key = (await token.findKey(id)) ?? (await token.generateKey({ id, label: name, algorithm: keyAlgorithm }))
    return { type: 'RecordKey', publicKey: Buffer.from(key.publicKey).toString('base64') }
  }

  async function makeCertificate(
    { name, publicKey, requested }: Certificate,
    revision: WholeStream['revision'],
  ): Promise<CertificateCommand> {
    const key = await token.findKey(keyIdOf(certificateId))
    if (key === undefined || Buffer.from(key.publicKey).toString('base64') !== publicKey)
      throw new Refusal('KEY_NOT_FOUND', `The token does not hold the key that was made for ${name}.`)
    const { subject, notBefore, notAfter } = requested
    const der = await createSelfSignedCertificate({
      // Whatever is added to the stream, such as that the certificate is disabled, comes before the key's use.
      key: { ...key, sign: (hash, digest) => key.sign(hash, digest, () => requireLast(revision)) },
      subject,
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
    })
    const certificate = readCertificate(der)
    return {
      type: 'RecordIssued',
      issued: {
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
}
