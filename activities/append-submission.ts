import {
  type DomainEvent,
  fold,
  hashesOf,
  openSigningRequest,
  type SigningRequest,
  type SigningRequestCommand,
  signingRequestDecider,
  streams,
} from '../domain/index.ts'
import { prepareEvents } from '../event-log/index.ts'
import type { Sources } from '../sources/index.ts'
import { appendEvents, appended } from './append-events.ts'
import type { Append, AppendOutcome, ShortActivities } from './contract.ts'
import { withHeartbeat } from './heartbeat.ts'
import { type PlanningDependencies, planRequest } from './plan-signing.ts'
import { recordResubmission } from './record-resubmission.ts'
import { stepMetadata } from './request-step.ts'

type Dependencies = PlanningDependencies & { readonly sources: Pick<Sources, 'retrieve'> }

/**
 * Appends a submission and takes it to its plan, as far as that succeeds at once. What comes of it is one append. An artifact is
 * found and planned while the submission is being appended: that changes nothing but what the store holds by its digest. Hashes are
 * planned in less time than an append takes, so they are planned first, and all of it is one append.
 */
export function appendSubmission(dependencies: Dependencies): ShortActivities['appendSubmission'] {
  const append = appendEvents(dependencies.log, dependencies.store)
  return async (input) => {
    const submitted = openSigningRequest(fold(signingRequestDecider, input.events))
    if (hashesOf(submitted.source) !== undefined) return appendPlanned(dependencies, append, input, submitted)
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

async function appendPlanned(
  dependencies: Dependencies,
  append: ShortActivities['appendEvents'],
  input: Append,
  submitted: SigningRequest,
): Promise<AppendOutcome> {
  let later: readonly DomainEvent[]
  try {
    later = await retrieveAndPlan(dependencies, submitted)
  } catch {
    // As above: the next step meets the same failure.
    return append(input)
  }
  const { signingRequestId, expectedRevision, events, metadata } = input
  const { log, now } = dependencies
  const streamId = streams.signingRequest(signingRequestId)
  const prepared = [
    ...prepareEvents(streamId, expectedRevision, events, metadata),
    ...prepareEvents(streamId, events.length - 1, later, stepMetadata(submitted, 'workflow', now())),
  ]
  const outcome = await appended(log, streamId, prepared, expectedRevision)
  return outcome.kind === 'conflict' ? outcome : { ...outcome, later }
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
