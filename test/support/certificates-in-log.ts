import type { Certificates } from '../../application/index.ts'
import {
  type CertificateId,
  certificateDecider,
  fold,
  type OrganizationId,
  type SigningPolicyId,
  signingPolicyDecider,
  streams,
} from '../../domain/index.ts'
import { type EventLog, readWholeStream } from '../../event-log/index.ts'
import { readImported, readIssued } from '../../server/certificates.ts'

/** What use cases of certificates need, for tests without a read model: policies are looked for in the log. */
export function certificatesInLog(log: EventLog): Certificates {
  return {
    readIssued,
    readImported,
    policiesUsing: (organizationId, certificateId) =>
      policiesWhose(organizationId, async (used) => used === certificateId),
    policiesUsingKey: (organizationId, keyId) =>
      policiesWhose(organizationId, async (used) => {
        const state = fold(certificateDecider, (await readWholeStream(log, streams.certificate(used))).events)
        return state.status !== 'none' && state.keyId === keyId
      }),
  }

  async function policiesWhose(
    organizationId: OrganizationId,
    certificateIs: (certificateId: CertificateId) => Promise<boolean>,
  ): Promise<readonly SigningPolicyId[]> {
    const found: SigningPolicyId[] = []
    for await (const batch of log.readAll())
      for (const { type, data } of batch) {
        if (type !== 'SigningPolicyCreated') continue
        const id = data.signingPolicyId as SigningPolicyId
        const { events } = await readWholeStream(log, streams.signingPolicy(id))
        const policy = fold(signingPolicyDecider, events)
        if (policy.status === 'none' || policy.organizationId !== organizationId) continue
        const used = policy.versions.at(-1)?.certificateId
        if (used !== undefined && (await certificateIs(used))) found.push(id)
      }
    return found
  }
}
