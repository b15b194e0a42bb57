import { randomUUID } from 'node:crypto'
import { type CertificateKey, createSelfSignedCertificate } from '../../application/create-certificate.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  type Certificate,
  type CertificateId,
  certificateDecider,
  fold,
  type KeyId,
  signingPolicyDecider,
  streams,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { keyWorkflows, type TestOrganization } from './test-organization.ts'

/** A self-signed certificate that is valid today. */
export function newCertificate(
  { signer, setup }: TestOrganization,
  key: CertificateKey = { algorithm: 'ec-p256' },
  renews?: CertificateId,
): Promise<{ readonly certificateId: CertificateId; readonly keyId: KeyId }> {
  return createSelfSignedCertificate({ ...signer, workflows: keyWorkflows(signer) }, setup, {
    name: `another ${randomUUID()}`,
    subject: { commonName: 'Countersign test' },
    key,
    notBefore: new Date(Date.now() - 60_000).toISOString(),
    notAfter: new Date(Date.now() + 86_400_000).toISOString(),
    ...(renews !== undefined && { renews }),
  })
}

/** Lets the signing policy use another certificate from now on. */
export async function useCertificate(organization: TestOrganization, certificateId: CertificateId): Promise<void> {
  const { signer, setup, signingPolicyId } = organization
  const stream = streams.signingPolicy(signingPolicyId)
  async function read(id: CertificateId): Promise<Certificate> {
    const state = fold(certificateDecider, (await readWholeStream(signer.log, streams.certificate(id))).events)
    if (state.status === 'none') throw new Error('There is no certificate')
    return state
  }
  const policy = fold(signingPolicyDecider, (await readWholeStream(signer.log, stream)).events)
  if (policy.status === 'none') throw new Error('There is no policy')
  const before = policy.versions.at(-1) ?? policy.versions[0]
  const settings = { ...before, certificateId }
  const certificate = { ...(await read(certificateId)), keyAlgorithm: 'ec-p256' } as const
  const replaced = before.certificateId === certificateId ? null : await read(before.certificateId)
  const people = { submitters: [organization.submitter], approvers: organization.approvers }
  const command = { type: 'ChangeSigningPolicy', settings, certificate, replaced, people } as const
  await handleCommand(signer, setup, stream, signingPolicyDecider, command)
}
