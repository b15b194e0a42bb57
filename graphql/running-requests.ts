import { mostRunningRequests, type RunningRequests, runningRequestsOf } from '../application/index.ts'
import type { Recorded, SigningRequestView } from '../projections/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { CertificateRef, GroupRef, KeyRef, SigningRequestRef, TrustedBuildSystemRef, UserRef } from './refs.ts'

const RunningRequestsRef = builder.objectRef<RunningRequests<SigningRequestView>>('RunningRequests').implement({
  description: 'The signing requests that are not over and depend on something.',
  fields: (t) => ({
    signingRequests: t.field({
      type: [SigningRequestRef],
      description: 'Newest first.',
      resolve: ({ signingRequests }) => [...signingRequests],
    }),
    complete: t.exposeBoolean('complete', {
      description: `Whether these are all: the newest ${mostRunningRequests} that are not over are looked at.`,
    }),
  }),
})

/** Adds the field to a type of entities that requests depend on. */
function addField(ref: typeof KeyRef | typeof CertificateRef | typeof GroupRef | typeof UserRef, what: string): void {
  builder.objectField(ref as typeof KeyRef, 'runningRequests', (t) =>
    t.loadable({
      type: RunningRequestsRef,
      nullable: true,
      complexity: { field: 20, multiplier: 5 },
      description: `The signing requests that are not over and ${what}. Null in an answer as of a moment.`,
      load: (streamIds: string[], context: GraphQLContext) => runningNow(streamIds, context),
      resolve: ({ streamId }: Recorded) => streamId,
    }),
  )
}

addField(KeyRef, 'are to be signed with it, by one of its certificates')
addField(CertificateRef, 'are to be signed by it')
addField(UserRef, 'that the user submitted, has approved or may approve, also as a member of a group')
addField(GroupRef, 'that its members may approve')
addField(TrustedBuildSystemRef as unknown as typeof KeyRef, 'that it vouched for')

function runningNow(
  streamIds: readonly string[],
  { moment, readModel, caller }: GraphQLContext,
): Promise<(RunningRequests<SigningRequestView> | null)[]> {
  if (moment !== undefined) return Promise.resolve(streamIds.map(() => null))
  return runningRequestsOf(readModel, caller.organizationId, streamIds)
}
