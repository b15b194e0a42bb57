import type { SubmitterIndex } from '../../application/index.ts'
import type { SigningPolicyId } from '../../domain/index.ts'
import type { EventLog } from '../../event-log/index.ts'

/** An index for tests without a read model: it reads the whole log, and is never behind. */
export function submittersInLog(log: EventLog): SubmitterIndex {
  return {
    async policiesOf({ userId }) {
      const policies = new Set<SigningPolicyId>()
      for await (const batch of log.readAll())
        for (const { type, data } of batch)
          if (type === 'SigningPolicyCreated' && JSON.stringify(data.settings).includes(userId))
            policies.add(data.signingPolicyId as SigningPolicyId)
      return [...policies]
    },
    catchUp: async () => undefined,
  }
}
