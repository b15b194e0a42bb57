import {
  type DomainEvent,
  type EventForms,
  type Instant,
  type OrganizationId,
  Refusal,
  type StreamKind,
} from '../domain/index.ts'
import type { LogPosition, RecordedEvent } from '../event-log/index.ts'
import { asEventOf } from './folds.ts'
import { ReadModelError } from './read-model-error.ts'
import type { EntityRow, EntityTableName, NamedPrincipalRow } from './tables.ts'
import type { Recorded } from './views.ts'
import { withoutSecrets } from './without-secrets.ts'

/** How one kind of entity gets from its stream into its table. */
export type EntityProjection<State extends object, Facts extends object, View> = {
  readonly kind: StreamKind
  readonly table: EntityTableName
  /** The domain's fold. */
  readonly decider: {
    readonly initialState: () => State
    readonly evolve: (state: State, event: never) => State
    readonly eventTypes: readonly string[]
  }
  /** Whether the entity exists in a state: its first event makes it exist. */
  readonly exists: (state: State) => boolean
  readonly noFacts: Facts
  /** What the read model remembers of an event beyond the state after it. */
  readonly observe: (facts: Facts, event: RecordedEvent, state: State) => Facts
  /** The columns of the table beyond those of every entity. */
  readonly columns: (state: State) => Readonly<Record<string, string>>
  /** The column `summary` of a table that has one: JSON of what lists show, so that they need not read states. Never throws. */
  readonly summary?: (state: State, facts: Facts) => string
  /** Whom it names, and whom it once named: so that rows follow from the history, and not from how it was projected. */
  readonly named?: (state: State, facts: Facts, id: string) => readonly NamedPrincipalRow[]
  /** What differences between two states of it are found in; what queries see of it, when absent. */
  readonly compared?: (entity: Entity<State, Facts>) => object
  /** What queries see of it at a moment: some of it, such as what has expired, is so by the clock alone. */
  readonly view: (entity: Entity<State, Facts>, recorded: Recorded, at: Instant) => View
}

/** An entity as its events made it. */
export type Entity<State, Facts> = {
  readonly id: string
  readonly state: State
  readonly facts: Facts
  readonly organizationId: OrganizationId
  readonly revision: number
  readonly position: LogPosition
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** An entity of some kind, where the kind does not matter. */
export type AnyEntity = Entity<object, object>

/** A projection of some kind, where the kind does not matter. */
// biome-ignore lint/suspicious/noExplicitAny: what differs between kinds is their state, facts and view
export type AnyProjection = EntityProjection<any, any, any>

/**
 * Adds a stream's next event to its entity, of which a row can be made then.
 *
 * @param entity `undefined` before the stream's first event
 * @throws ReadModelError `PROJECTION_EVENT_UNKNOWN`, `PROJECTION_SCHEMA_VERSION_UNKNOWN`, `PROJECTION_HISTORY_BROKEN`
 */
export function addEvent(
  projection: AnyProjection,
  id: string,
  entity: AnyEntity | undefined,
  recorded: RecordedEvent,
): AnyEntity {
  const next = foldEvent(projection, id, entity, recorded)
  // What is derived of a state is so now, or the event that it cannot be derived from is to be named.
  requireNames(projection, next)
  return next
}

/** Fails where it cannot be said whom an entity names, which takes longer the more it has named. */
export function requireNames(projection: AnyProjection, { state, facts, id }: AnyEntity): void {
  projection.named?.(state, facts, id)
}

/** Does what {@link addEvent} does but for {@link requireNames}. */
export function foldEvent(
  projection: AnyProjection,
  id: string,
  entity: AnyEntity | undefined,
  recorded: RecordedEvent,
): AnyEntity {
  const event = withoutSecrets(recorded)
  checkKnown(projection.decider, event)
  const expected = entity === undefined ? 0 : entity.revision + 1
  if (event.revision !== expected) throw broken(event, `has revision ${event.revision} where ${expected} was to come`)
  const before = entity?.state ?? projection.decider.initialState()
  const state = projection.decider.evolve(before, event as never)
  if (!projection.exists(state)) throw broken(event, 'does not begin an entity, but is the first of its stream')
  requireColumns(projection.columns(state))
  const facts = projection.observe(entity?.facts ?? projection.noFacts, event, state)
  const { organizationId, occurredAt } = event.metadata
  return {
    id,
    state,
    facts,
    organizationId: entity?.organizationId ?? organizationId,
    revision: event.revision,
    position: event.position,
    createdAt: entity?.createdAt ?? occurredAt,
    updatedAt: occurredAt,
  }
}

/**
 * Says whether this release knows the event, in its stream and in this form.
 *
 * @throws ReadModelError `PROJECTION_EVENT_UNKNOWN`, `PROJECTION_SCHEMA_VERSION_UNKNOWN`
 */
export function checkKnown(decider: EventForms<DomainEvent>, event: RecordedEvent): void {
  try {
    asEventOf<DomainEvent>(decider, event)
  } catch (cause) {
    const { type, revision, streamId, position } = event
    const isLater = cause instanceof Refusal && cause.code === 'EVENT_SCHEMA_UNKNOWN'
    throw new ReadModelError(
      isLater ? 'PROJECTION_SCHEMA_VERSION_UNKNOWN' : 'PROJECTION_EVENT_UNKNOWN',
      `Revision ${revision} of ${streamId} cannot be projected. ${(cause as Error).message}`,
      { details: { type, streamId, position }, cause },
    )
  }
}

/** What a state lacks that its row must have, its events did not say. */
function requireColumns(columns: Readonly<Record<string, unknown>>): void {
  for (const name in columns) {
    const value = columns[name]
    if (typeof value !== 'string' && typeof value !== 'number') throw new TypeError(`${name} is missing`)
  }
}

/** The row of an entity. */
export function asRow(projection: AnyProjection, entity: AnyEntity): Readonly<Record<string, string | number>> {
  return {
    id: entity.id,
    organization_id: entity.organizationId,
    revision: entity.revision,
    position: entity.position,
    created_at: entity.createdAt,
    updated_at: entity.updatedAt,
    state: JSON.stringify(entity.state),
    facts: JSON.stringify(entity.facts),
    ...projection.columns(entity.state),
    ...(projection.summary && { summary: projection.summary(entity.state, entity.facts) }),
  }
}

/** The entity of a row. */
export function asEntity<State, Facts>(row: EntityRow): Entity<State, Facts> {
  return {
    id: row.id,
    state: JSON.parse(row.state),
    facts: JSON.parse(row.facts),
    organizationId: row.organization_id as OrganizationId,
    revision: row.revision,
    position: row.position as LogPosition,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** What queries see of a row now. */
export function asView<State extends object, Facts extends object, View>(
  projection: EntityProjection<State, Facts, View>,
  row: EntityRow,
): View {
  return viewOf(projection, asEntity<State, Facts>(row), new Date().toISOString())
}

/** What queries see of an entity at a moment. */
export function viewOf<State extends object, Facts extends object, View>(
  projection: EntityProjection<State, Facts, View>,
  entity: Entity<State, Facts>,
  at: Instant,
): View {
  return projection.view(entity, recordedOf(projection.kind, entity), at)
}

/** What differences between two states are found in: the state at a moment, without what every entity carries beside it. */
export function comparedForm(projection: AnyProjection, entity: AnyEntity | undefined, at: string): object {
  if (entity === undefined) return {}
  if (projection.compared !== undefined) return projection.compared(entity)
  const { streamId: _, createdAt: __, updatedAt: ___, revision: ____, ...state } = viewOf(projection, entity, at)
  return state
}

/** What views have of every entity. */
export function recordedOf(
  kind: StreamKind,
  { id, revision, createdAt, updatedAt }: Pick<AnyEntity, 'id' | 'revision' | 'createdAt' | 'updatedAt'>,
): Recorded {
  return { streamId: `${kind}-${id}`, revision, createdAt, updatedAt }
}

function broken(event: RecordedEvent, what: string): ReadModelError {
  return new ReadModelError(
    'PROJECTION_HISTORY_BROKEN',
    `The event ${event.type} of ${event.streamId} ${what}. The log and the read model do not belong together, or the log is damaged.`,
    { details: { streamId: event.streamId, revision: event.revision, position: event.position } },
  )
}
