import { dependenciesOf } from '../application/index.ts'
import { type CertificateId, isFinalStatus, parseStreamName, type UserId, workflowStatuses } from '../domain/index.ts'
import { maximumPageSize, type Recorded, type SigningRequestView } from '../projections/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { membersOfGroups } from './group-members.ts'
import { newestRequests } from './newest-requests.ts'
import { CertificateRef, GroupRef, KeyRef, SigningRequestRef, TrustedBuildSystemRef, UserRef } from './refs.ts'

/** The running requests that depend on something. */
type RunningRequests = {
  readonly signingRequests: readonly SigningRequestView[]
  readonly complete: boolean
}

/** At most so many running requests are looked at, the newest ones. */
const mostRequests = 5 * maximumPageSize

const RunningRequestsRef = builder.objectRef<RunningRequests>('RunningRequests').implement({
  description: 'The signing requests that are not over and depend on something.',
  fields: (t) => ({
    signingRequests: t.field({
      type: [SigningRequestRef],
      description: 'Newest first.',
      resolve: ({ signingRequests }) => [...signingRequests],
    }),
    complete: t.exposeBoolean('complete', {
      description: `Whether these are all: the newest ${mostRequests} that are not over are looked at.`,
    }),
  }),
})

const running = workflowStatuses.filter((status) => !isFinalStatus(status))

/** Adds the field to a type of entities that requests depend on. */
function addField(ref: typeof KeyRef | typeof CertificateRef | typeof GroupRef | typeof UserRef, what: string): void {
  builder.objectField(ref as typeof KeyRef, 'runningRequests', (t) =>
    t.loadable({
      type: RunningRequestsRef,
      nullable: true,
      complexity: { field: 20, multiplier: 5 },
      description: `The signing requests that are not over and ${what}. Null in an answer as of a moment.`,
      load: (streamIds: string[], context: GraphQLContext) => runningRequestsOf(streamIds, context),
      resolve: ({ streamId }: Recorded) => streamId,
    }),
  )
}

addField(KeyRef, 'are to be signed with it, by one of its certificates')
addField(CertificateRef, 'are to be signed by it')
addField(UserRef, 'that the user submitted, has approved or may approve, also as a member of a group')
addField(GroupRef, 'that its members may approve')
addField(TrustedBuildSystemRef as unknown as typeof KeyRef, 'that it vouched for')

/** Of many entities at once, by their streams: running requests are read once for all. */
async function runningRequestsOf(
  streamIds: readonly string[],
  context: GraphQLContext,
): Promise<(RunningRequests | null)[]> {
  if (context.moment !== undefined) return streamIds.map(() => null)
  const { requests, complete } = await newestRequests({ workflowStatuses: running }, mostRequests, context)
  const dependsOn = await dependencyTest(streamIds, requests, context)
  return streamIds.map((streamId) => ({
    signingRequests: requests.filter((request) => dependsOn(request, streamId)),
    complete,
  }))
}

/** Looks up what it takes to say which requests depend on which of some entities. */
async function dependencyTest(
  streamIds: readonly string[],
  requests: readonly SigningRequestView[],
  context: GraphQLContext,
): Promise<(request: SigningRequestView, streamId: string) => boolean> {
  const kinds = new Set(streamIds.map((streamId) => parseStreamName(streamId)?.kind))
  const [keys, members] = await Promise.all([
    kinds.has('key') ? keysOf(requests, context) : new Map<CertificateId, string>(),
    kinds.has('user')
      ? membersOfGroups([...new Set(requests.flatMap((each) => dependenciesOf(each).groups))], context)
      : new Map(),
  ])
  return (request, streamId) => {
    const { kind, id } = parseStreamName(streamId) ?? {}
    const { certificateId, users, groups } = dependenciesOf(request)
    switch (kind) {
      case 'key':
        return keys.get(certificateId) === id
      case 'certificate':
        return certificateId === id
      case 'group':
        return groups.some((group) => group === id)
      case 'user':
        return users.some((user) => user === id) || groups.some((group) => members.get(group)?.includes(id as UserId))
      case 'trustedBuildSystem':
        return request.vouchedBy?.trustedBuildSystemId === id
      default:
        return false
    }
  }
}

/** The keys of the certificates that requests are to be signed by. */
async function keysOf(
  requests: readonly SigningRequestView[],
  { readModel, caller }: GraphQLContext,
): Promise<ReadonlyMap<CertificateId, string>> {
  const ids = [...new Set(requests.map(({ certificateId }) => certificateId))]
  const certificates = await readModel.certificatesByIds(caller.organizationId, ids)
  return new Map(certificates.flatMap((each) => (each === undefined ? [] : [[each.certificateId, each.keyId]])))
}
