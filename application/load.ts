import { type Decider, type DomainEvent, fold } from '../domain/index.ts'
import { type EventLog, type RecordedEvent, readWholeStream } from '../event-log/index.ts'

/** An aggregate as the log has it now. */
export type Loaded<State> = {
  readonly state: State
  readonly revision: number | 'noStream'
  readonly events: readonly RecordedEvent[]
}

/** Reads an aggregate's stream and folds it. */
export async function load<State, Command, Event extends DomainEvent>(
  log: EventLog,
  streamId: string,
  decider: Decider<State, Command, Event>,
): Promise<Loaded<State>> {
  const { events, revision } = await readWholeStream(log, streamId)
  return { state: fold(decider, events), revision, events }
}
