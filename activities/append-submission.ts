import {
  type DomainEvent,
  fold,
  openSigningRequest,
  type SigningRequest,
  type SigningRequestCommand,
  signingRequestDecider,
  streams,
} from '../domain/index.ts'
import { prepareEvents } from '../event-log/index.ts'
import type { Sources } from '../sources/index.ts'
import { appendEvents } from './append-events.ts'
import type { Append, ShortActivities } from './contract.ts'
import { withHeartbeat } from './heartbeat.ts'
import { type PlanningDependencies, planRequest } from './plan-signing.ts'
import { recordResubmission } from './record-resubmission.ts'
import { stepMetadata } from './request-step.ts'

type Dependencies = PlanningDependencies & { readonly sources: Pick<Sources, 'retrieve'> }

/**
 * Appends a submission and takes it to its plan, as far as that succeeds at once. Its artifact is found and planned while
 * the append is under way: that changes nothing but what the store holds by its digest. What comes of it is one append.
 */
export function appendSubmission(dependencies: Dependencies): ShortActivities['appendSubmission'] {
  const append = appendEvents(dependencies.log, dependencies.store)
  return async (input) => {
    const submitted = openSigningRequest(fold(signingRequestDecider, input.events))
    const [appending, planning] = await Promise.allSettled([append(input), retrieveAndPlan(dependencies, submitted)])
    if (appending.status === 'rejected') throw appending.reason
    const outcome = appending.value
    // The submission stands whatever else fails. Its next step meets the same failure, and deals with it.
    if (outcome.kind === 'conflict' || planning.status === 'rejected') return outcome
    try {
      await recordResubmission(dependencies, submitted)
      await appendLater(dependencies, input, submitted, planning.value)
      return { ...outcome, later: planning.value }
    } catch {
      return outcome
    }
  }
}

async function retrieveAndPlan(dependencies: Dependencies, submitted: SigningRequest): Promise<readonly DomainEvent[]> {
  const artifact = await dependencies.sources.retrieve(submitted)
  const retrieved = after(submitted, { type: 'RecordRetrieval', artifact })
  const plan = await withHeartbeat((work) => planRequest(dependencies, retrieved.request, work))
  return [...retrieved.events, ...after(retrieved.request, plan).events]
}

function after(request: SigningRequest, command: SigningRequestCommand) {
  const events = signingRequestDecider.decide(command, request)
  return { events, request: openSigningRequest(fold(signingRequestDecider, events, request)) }
}

async function appendLater(
  { log, now }: Dependencies,
  { signingRequestId, events }: Append,
  submitted: SigningRequest,
  later: readonly DomainEvent[],
): Promise<void> {
  const stream = streams.signingRequest(signingRequestId)
  const revision = events.length - 1
  await log.append(stream, prepareEvents(stream, revision, later, stepMetadata(submitted, 'workflow', now())), revision)
}
