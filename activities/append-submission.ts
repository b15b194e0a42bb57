import type { ArtifactStore } from '../artifacts/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { appendEvents } from './append-events.ts'
import type { ShortActivities, StepActivities } from './contract.ts'

/** Appends a submission and takes it to its plan, as far as that succeeds at once. */
export function appendSubmission(
  log: EventLog,
  store: Pick<ArtifactStore, 'hold'>,
  retrieveAndPlan: StepActivities['retrieveAndPlan'],
): ShortActivities['appendSubmission'] {
  const append = appendEvents(log, store)
  return async (input) => {
    const outcome = await append(input)
    if (outcome.kind === 'conflict') return outcome
    const { signingRequestId, events } = input
    try {
      const { events: later } = await retrieveAndPlan({ signingRequestId, fromRevision: events.length })
      return { ...outcome, later }
    } catch {
      // The submission stands. Its next step meets the same failure, and deals with it.
      return outcome
    }
  }
}
