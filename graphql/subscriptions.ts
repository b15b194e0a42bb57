import type { LogPosition } from '../event-log/index.ts'
import type { EventView, SigningRequestView, UnusualActivityView } from '../projections/index.ts'
import { builder } from './builder.ts'
import type { GraphQLContext } from './context.ts'
import { EventRef } from './event.ts'
import { followLog, followRequest, followRequests, followUnusualActivity } from './follow.ts'
import { parseEntityId } from './global-id.ts'
import { reached } from './minimum-position.ts'
import { SigningRequestRef } from './refs.ts'
import { SigningRequestFilterRef, signingRequestFilterOf } from './signing-request-filter.ts'
import { type Outcome, unwrap } from './stream.ts'
import { UnusualActivityRef } from './unusual-activity.ts'

builder.subscriptionFields((t) => ({
  signingRequest: t.field({
    type: SigningRequestRef,
    description: 'One request: as it is now, and again whenever it changed. Completes after its final status.',
    args: { id: t.arg.id({ required: true, description: 'UUID or node id.' }) },
    subscribe: (_root, { id }, context) => followRequest(parseEntityId(id, 'SigningRequest'), context),
    resolve: (request: Outcome<SigningRequestView>) => unwrap(request),
  }),
  signingRequestsChanged: t.field({
    type: SigningRequestRef,
    description:
      'Requests: first all that match as they are now (newest first), unless `after` is given, then each one that matches after it changed.',
    args: {
      filter: t.arg({ type: SigningRequestFilterRef }),
      after: t.arg({
        type: 'LogPosition',
        description: 'Leave out what is there already: send what changed after this position only.',
      }),
    },
    subscribe: async (_root, { filter, after }, context) =>
      followRequests(await signingRequestFilterOf(filter, context), await startOf(after, context), context),
    resolve: (request: Outcome<SigningRequestView>) => unwrap(request),
  }),
  events: t.field({
    type: EventRef,
    description:
      'The audit log: what comes after a position (by default from the beginning), then live, each event once. Open to Global Readers and administrators.',
    args: { after: t.arg({ type: 'LogPosition' }) },
    subscribe: async (_root, { after }, context) => followLog(await startOf(after, context), context),
    resolve: (event: Outcome<EventView>) => unwrap(event),
  }),
  unusualActivity: t.field({
    type: UnusualActivityRef,
    description:
      'Unusual activity: first all that was found (newest first), unless `after` is given, then what is found, live. Open to Global Readers and administrators.',
    args: {
      after: t.arg({
        type: 'LogPosition',
        description: 'Leave out what is there already: send what is found after this position only.',
      }),
    },
    subscribe: async (_root, { after }, context) => followUnusualActivity(await startOf(after, context), context),
    resolve: (activity: Outcome<UnusualActivityView>) => unwrap(activity),
  }),
}))

/**
 * Where a subscription begins. A place that the log has not reached would make it wait for ever without an answer: it is
 * waited for as queries do.
 *
 * @throws ReadModelError `READ_MODEL_BEHIND`
 */
async function startOf(text: string | null | undefined, context: GraphQLContext): Promise<LogPosition | undefined> {
  if (text == null) return undefined
  const position = text as LogPosition
  await reached(position, context)
  return position
}
