import type { Decider, DomainEvent, Instant } from '../domain/index.ts'
import { type Appended, type EventLog, EventLogError, prepareEvents } from '../event-log/index.ts'
import { type Initiator, metadataFor } from './initiator.ts'
import { load } from './load.ts'

/** How often a command is decided anew when others write to the same stream meanwhile. */
const attempts = 10

/**
 * Loads an aggregate, decides a command on it and appends what happens. When the stream moves on meanwhile the decision
 * is made anew.
 *
 * @throws Refusal as the decider does
 * @throws EventLogError when the log cannot be used
 */
export async function handleCommand<State, Command extends object, Event extends DomainEvent>(
  { log, now }: { readonly log: EventLog; readonly now: () => Instant },
  initiator: Initiator,
  streamId: string,
  decider: Decider<State, Command, Event>,
  command: Command,
): Promise<Appended> {
  for (let attempt = 1; ; attempt++) {
    const { state, revision } = await load(log, streamId, decider)
    const events = prepareEvents(streamId, revision, decider.decide(command, state), metadataFor(initiator, now()))
    try {
      return await log.append(streamId, events, revision)
    } catch (error) {
      const overtaken = error instanceof EventLogError && error.code === 'EVENT_LOG_WRONG_EXPECTED_REVISION'
      if (!overtaken || attempt === attempts) throw error
    }
  }
}
