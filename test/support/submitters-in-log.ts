import type { AdministratorIndex, SubmitterIndex } from '../../application/index.ts'
import { parseStreamName, type SigningPolicyId, type UserId } from '../../domain/index.ts'
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

/** An index for tests without a read model: it names everybody who ever was a Global Administrator. */
export function administratorsInLog(log: EventLog): AdministratorIndex {
  return {
    async of(organizationId) {
      const users = new Set<UserId>()
      for await (const batch of log.readAll())
        for (const { type, data, streamId, metadata } of batch)
          if (type === 'GlobalRoleGranted' && data.role === 'globalAdministrator')
            if (metadata.organizationId === organizationId) users.add(parseStreamName(streamId)?.id as UserId)
      return [...users]
    },
    catchUp: async () => undefined,
  }
}
