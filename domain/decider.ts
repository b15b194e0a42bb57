import type { DomainEvent } from './event.ts'
import { type EventMetadata, metadataSchemaVersion } from './event-metadata.ts'
import { Refusal } from './refusal.ts'

/**
 * One aggregate as pure functions: what a command makes happen in a state, and what an event makes of a state.
 * Nothing here reads a clock, a random source or the outside world; commands carry all of that.
 */
export type Decider<State, Command, Event extends DomainEvent> = {
  /** The state before the first event. */
  readonly initialState: () => State
  /** What happens on a command; throws {@link Refusal} when it may not. Never empty. */
  readonly decide: (command: Command, state: State) => readonly Event[]
  /**
   * The state after an event. Events are facts: it never refuses one of its types. What begins an entity changes nothing of one
   * that has begun: who can append to its stream could otherwise have it begin anew with what needs the approval of others.
   */
  readonly evolve: (state: State, event: Event) => State
  /** Every type that may stand in the aggregate's stream. */
  readonly eventTypes: readonly Event['type'][]
  /**
   * The newest form of a type's data that this release understands, where it is not the first. Forms before it are read as
   * they are, unless an upcaster makes the next one of them.
   */
  readonly schemaVersions?: Readonly<Partial<Record<Event['type'], number>>>
}

/** What says which events a stream of its aggregate may hold, in which forms. */
export type EventForms<Event extends DomainEvent> = Pick<
  Decider<unknown, never, Event>,
  'eventTypes' | 'schemaVersions'
>

/** What is folded: an event as the domain made it, or as a log has it, then with its metadata. */
export type FoldedEvent = { readonly type: string; readonly data: object; readonly metadata?: EventMetadata }

/**
 * Says whether an event is one of the aggregate's. An unknown type in a stream is never passed over: it could be the
 * one that withdraws something.
 *
 * @throws Refusal `EVENT_TYPE_UNKNOWN`, `EVENT_SCHEMA_UNKNOWN`
 */
export function asEventOf<Event extends DomainEvent>(decider: EventForms<Event>, event: FoldedEvent): Event {
  if (!(decider.eventTypes as readonly string[]).includes(event.type))
    throw new Refusal(
      'EVENT_TYPE_UNKNOWN',
      `The stream holds an event of type ${event.type}, which this version does not know. Use the version that wrote it.`,
      { type: event.type },
    )
  const { schemaVersion } = event.data as { readonly schemaVersion?: unknown }
  const known = newestSchemaVersion(decider, event.type)
  if (!(Number.isInteger(schemaVersion) && Number(schemaVersion) >= 1 && Number(schemaVersion) <= known))
    throw schemaUnknown(event.type, '', schemaVersion, known)
  const { metadata } = event
  if (metadata !== undefined && metadata.schemaVersion !== metadataSchemaVersion)
    throw schemaUnknown(event.type, 'metadata of ', metadata.schemaVersion, metadataSchemaVersion)
  return event as DomainEvent as Event
}

/** The newest form of a type's data that a decider understands. */
export function newestSchemaVersion(
  { schemaVersions = {} }: { readonly schemaVersions?: Readonly<Partial<Record<string, number>>> },
  type: string,
): number {
  return Object.hasOwn(schemaVersions, type) ? (schemaVersions[type] ?? 1) : 1
}

function schemaUnknown(type: string, what: '' | 'metadata of ', found: unknown, known: number): Refusal {
  return new Refusal(
    'EVENT_SCHEMA_UNKNOWN',
    `An event of type ${type} has ${what}the schema version ${JSON.stringify(found)}; this release knows ${known}. Use the release that wrote it.`,
    { type },
  )
}

/**
 * Folds a stream's events into its state.
 *
 * @throws Refusal `EVENT_TYPE_UNKNOWN`, `EVENT_SCHEMA_UNKNOWN` for an event that is not the aggregate's, or of a later form
 */
export function fold<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  events: Iterable<FoldedEvent>,
  from: State = decider.initialState(),
): State {
  let state = from
  for (const event of events) state = decider.evolve(state, asEventOf(decider, event))
  return state
}
