import type { AdministratorIndex, SubmitterIndex, WebHookPorts } from '../../application/index.ts'
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

/** Counts web hooks for tests without a read model. */
export function webHooksInLog(log: EventLog): WebHookPorts['count'] {
  return async (organizationId, projectId) => {
    const found = new Set<string>()
    for await (const batch of log.readAll())
      for (const { type, data, streamId } of batch) {
        if (type === 'WebHookCreated' && data.organizationId === organizationId && data.projectId === projectId)
          found.add(streamId)
        if (type === 'WebHookDeleted') found.delete(streamId)
      }
    return found.size
  }
}
