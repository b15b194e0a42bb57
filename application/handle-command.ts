import type { Decider, DomainEvent, Instant } from '../domain/index.ts'
import { type Appended, type EventLog, EventLogError, prepareEvents } from '../event-log/index.ts'
import { metadataFor, type Requester } from './caller.ts'
import { loadOwn } from './load.ts'

/**
 * Loads an aggregate, decides a command on it and appends what happens. When the stream moves on meanwhile the decision
 * is made anew. What belongs to another organization than the requester's is not there.
 *
 * @throws Refusal as the decider does
 * @throws EventLogError when the log cannot be used
 */
export async function handleCommand<State, Command extends object, Event extends DomainEvent>(
  { log, now }: { readonly log: EventLog; readonly now: () => Instant },
  requester: Requester,
  streamId: string,
  decider: Decider<State, Command, Event>,
  command: Command,
): Promise<Appended> {
  // Whoever is overtaken here was so by an append that succeeded: however many there are, each gets its turn.
  for (let last: number | 'noStream' | undefined; ; ) {
    const { state, revision } = await loadOwn(log, streamId, decider, requester)
    const events = prepareEvents(streamId, revision, decider.decide(command, state), metadataFor(requester, now()))
    try {
      return await log.append(streamId, events, revision)
    } catch (error) {
      const overtaken = error instanceof EventLogError && error.code === 'EVENT_LOG_WRONG_EXPECTED_REVISION'
      if (!overtaken || revision === last) throw error
      last = revision
    }
  }
}
