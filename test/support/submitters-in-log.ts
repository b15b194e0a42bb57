import type { SubmitterIndex } from '../../application/index.ts'
import type { SigningPolicyId } from '../../domain/index.ts'
import type { EventLog } from '../../event-log/index.ts'

/** An index for tests without a read model: it names every policy, and whoever asks sees in the log which of them fit. */
export function submittersInLog(log: EventLog): SubmitterIndex {
  return {
    async policiesOf() {
      const policies: SigningPolicyId[] = []
      for await (const batch of log.readAll())
        for (const { type, data } of batch)
          if (type === 'SigningPolicyCreated') policies.push(data.signingPolicyId as SigningPolicyId)
      return policies
    },
    catchUp: async () => undefined,
  }
}
