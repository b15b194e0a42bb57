import type {
  AdministratorIndex,
  LinkedBuildSystemIndex,
  SubmitterIndex,
  WebHookPorts,
} from '../../application/index.ts'
import {
  type OrganizationId,
  type ProjectId,
  parseStreamName,
  type SigningPolicyId,
  type TrustedBuildSystemId,
  type UserId,
} from '../../domain/index.ts'
import type { EventLog, LogPosition, RecordedEvent } from '../../event-log/index.ts'

/** An index for tests without a read model: it names every policy that may name a user, and whoever asks sees in the log which of them fit. */
export function submittersInLog(log: EventLog): SubmitterIndex {
  const policies = new Map<SigningPolicyId, string>()
  const read = readingOn(log, ({ type, streamId, data }) => {
    if (!type.startsWith('SigningPolicy')) return
    const id = parseStreamName(streamId)?.id as SigningPolicyId
    policies.set(id, `${policies.get(id) ?? ''}${JSON.stringify(data)}`)
  })
  return {
    async policiesOf({ userId }) {
      await read()
      const mayName = (text: string) => text.includes(userId) || text.includes('"group')
      return [...policies].filter(([, text]) => mayName(text)).map(([id]) => id)
    },
    catchUp: async () => undefined,
  }
}

/** An index for tests without a read model: it names everybody who ever was a Global Administrator. */
export function administratorsInLog(log: EventLog): AdministratorIndex {
  const users = new Map<OrganizationId, Set<UserId>>()
  const read = readingOn(log, ({ type, data, streamId, metadata: { organizationId } }) => {
    if (type !== 'GlobalRoleGranted' || data.role !== 'globalAdministrator') return
    users.set(organizationId, (users.get(organizationId) ?? new Set()).add(parseStreamName(streamId)?.id as UserId))
  })
  return {
    async of(organizationId) {
      await read()
      return [...(users.get(organizationId) ?? [])]
    },
    catchUp: async () => undefined,
  }
}

/** An index for tests without a read model: it names every build system that ever was linked with a project. */
export function linkedBuildSystemsInLog(log: EventLog): LinkedBuildSystemIndex {
  const systems = new Map<ProjectId, Set<TrustedBuildSystemId>>()
  const read = readingOn(log, ({ type, data, streamId }) => {
    if (type !== 'TrustedBuildSystemLinked') return
    const projectId = data.projectId as ProjectId
    systems.set(
      projectId,
      (systems.get(projectId) ?? new Set()).add(parseStreamName(streamId)?.id as TrustedBuildSystemId),
    )
  })
  return {
    async of(_organizationId, projectId) {
      await read()
      return [...(systems.get(projectId) ?? [])]
    },
    async ofJobs() {
      await read()
      return [...new Set([...systems.values()].flatMap((ids) => [...ids]))]
    },
    catchUp: async () => undefined,
  }
}

/** Reads what came into the log since the last time: the length of the log costs a call nothing. */
function readingOn(log: EventLog, see: (event: RecordedEvent) => void): () => Promise<void> {
  let after: LogPosition | undefined
  let turn: Promise<void> = Promise.resolve()
  async function readOn() {
    for await (const batch of log.readAll(after === undefined ? {} : { after }))
      for (const event of batch) {
        see(event)
        after = event.position
      }
  }
  return () => {
    turn = turn.catch(() => undefined).then(readOn)
    return turn
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
