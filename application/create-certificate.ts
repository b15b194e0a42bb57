import { randomUUID } from 'node:crypto'
import {
  type CertificateId,
  type CertificateSubject,
  certificateDecider,
  type Instant,
  type KeyAlgorithm,
  streams,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import { handleCommand } from './handle-command.ts'
import type { Initiator } from './initiator.ts'
import type { ApplicationDependencies } from './ports.ts'
import { requireRole } from './require-role.ts'

/**
 * Asks for a self-signed certificate with a new key in the HSM, and waits until the signer has made both.
 *
 * @throws Refusal `FORBIDDEN`, `NAME_MALFORMED`, `CERTIFICATE_VALIDITY`
 * @throws WorkflowsUnavailable when no signer answers; the certificate is made when one does
 */
export async function createSelfSignedCertificate(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'> & {
    readonly workflows: Pick<ApplicationDependencies['workflows'], 'issueCertificate'>
  },
  initiator: Initiator,
  input: {
    readonly name: string
    readonly subject: CertificateSubject
    readonly keyAlgorithm: KeyAlgorithm
    readonly notBefore: Instant
    readonly notAfter: Instant
  },
): Promise<{ readonly certificateId: CertificateId; readonly position: LogPosition }> {
  requireRole(initiator, 'certificateAdministrator')
  const certificateId = randomUUID() as CertificateId
  const { organizationId } = initiator
  const command = { type: 'RequestCertificate', certificateId, organizationId, ...input } as const
  await handleCommand(dependencies, initiator, streams.certificate(certificateId), certificateDecider, command)
  const { position } = await dependencies.workflows.issueCertificate(certificateId)
  return { certificateId, position }
}

/**
 * Disables a certificate: it signs nothing from now on.
 *
 * @throws Refusal `FORBIDDEN`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_DISABLED`, `TEXT_…`
 */
export async function disableCertificate(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  initiator: Initiator,
  input: { readonly certificateId: CertificateId; readonly reason: string | null },
): Promise<{ readonly position: LogPosition }> {
  requireRole(initiator, 'certificateAdministrator')
  const command = { type: 'DisableCertificate', reason: input.reason } as const
  const stream = streams.certificate(input.certificateId)
  return handleCommand(dependencies, initiator, stream, certificateDecider, command)
}
