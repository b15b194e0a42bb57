import type { Decider, DomainEvent, Instant } from '../domain/index.ts'
import { type Appended, appendDecided, type EventLog, prepareEvents } from '../event-log/index.ts'
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
  const { appended } = await appendDecided(
    log,
    async () => ({ streamId, ...(await loadOwn(log, streamId, decider, requester)) }),
    ({ state, revision }) =>
      prepareEvents(streamId, revision, decider.decide(command, state), metadataFor(requester, now())),
  )
  if (appended === undefined) throw new Error(`The decider of ${streamId} decided that nothing happens.`)
  return appended
}
