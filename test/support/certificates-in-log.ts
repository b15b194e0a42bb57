import type { Certificates } from '../../application/index.ts'
import { fold, type SigningPolicyId, signingPolicyDecider, streams } from '../../domain/index.ts'
import { type EventLog, readWholeStream } from '../../event-log/index.ts'
import { readImported, readIssued } from '../../server/certificates.ts'

/** What use cases of certificates need, for tests without a read model: policies are looked for in the log. */
export function certificatesInLog(log: EventLog): Certificates {
  return {
    readIssued,
    readImported,
    async policiesUsing(organizationId, certificateId) {
      const found: SigningPolicyId[] = []
      for await (const batch of log.readAll())
        for (const { type, data } of batch) {
          if (type !== 'SigningPolicyCreated') continue
          const id = data.signingPolicyId as SigningPolicyId
          const { events } = await readWholeStream(log, streams.signingPolicy(id))
          const policy = fold(signingPolicyDecider, events)
          if (policy.status === 'none' || policy.organizationId !== organizationId) continue
          if (policy.versions.at(-1)?.certificateId === certificateId) found.push(id)
        }
      return found
    },
  }
}
