import type { EventLog } from '../event-log/index.ts'
import { isShown } from './apply-events.ts'
import { type BrokenStream, breakageOf } from './broken-streams.ts'
import { projections } from './catalogue.ts'
import { type AnyEntity, type AnyProjection, comparedForm, foldEvent } from './entity.ts'
import { asEventRow, asEventView } from './events.ts'
import { type FieldDifference, fieldDifferences } from './field-differences.ts'
import type { EventView } from './views.ts'

/** A kind of entity that has a history. */
export type EntityKind = keyof typeof projections

/** The kinds of entities that have a history. */
export const entityKinds = Object.keys(projections) as readonly EntityKind[]

/** What happened to an entity, and what of its state is another since. */
export type HistoryEntry = {
  readonly event: EventView
  /** In the order of the state's members. Names and addresses in them are sealed; hashes of tokens are not there. */
  readonly changes: readonly FieldDifference[]
}

/**
 * Reads a part of an entity's history: each event, and what it made of the state, by the code that makes rows of the read model.
 * Everything before is folded for it. Where the stream cannot be folded any further, its events change nothing.
 *
 * @param range revisions, `from` inclusive, `to` exclusive
 * @throws ReadModelError with a `PROJECTION_` code for an event that this release does not know; EventLogError
 */
export async function readEntityHistory(
  log: Pick<EventLog, 'readStream'>,
  { kind, id }: { readonly kind: EntityKind; readonly id: string },
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly HistoryEntry[]> {
  const projection: AnyProjection = projections[kind]
  const entries: HistoryEntry[] = []
  let entity: AnyEntity | undefined
  let isBroken = false
  for await (const events of log.readStream(`${kind}-${id}`, { maxCount: to }))
    for (const event of events) {
      const before: AnyEntity | undefined = entity
      const breaks: BrokenStream | undefined = isBroken
        ? undefined
        : breakageOf(event, (readable) => {
            entity = foldEvent(projection, id, before, readable)
          })
      isBroken ||= breaks !== undefined
      if (event.revision < from || !isShown(event)) continue
      const at = event.metadata.occurredAt
      const changes = isBroken
        ? []
        : fieldDifferences(comparedForm(projection, before, at), comparedForm(projection, entity, at))
      entries.push({ event: asEventView(asEventRow(event)), changes })
    }
  return entries
}
