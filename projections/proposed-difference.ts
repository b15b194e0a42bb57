import { parseStreamName } from '../domain/index.ts'
import type { EventLog, LogPosition, RecordedEvent } from '../event-log/index.ts'
import { destinationOf } from './catalogue.ts'
import { type AnyEntity, comparedForm, foldEvent } from './entity.ts'
import { type FieldDifference, fieldDifferences } from './field-differences.ts'
import type { ChangeProposalView } from './views.ts'

/**
 * What a proposed change does, field by field: the entity as it was when the change was decided, and with the events that
 * the change is. Both are folded from the log by the code that makes rows of the read model.
 *
 * @throws ReadModelError with a `PROJECTION_` code for an event that this release does not know; EventLogError
 */
export async function proposedDifference(
  log: Pick<EventLog, 'readStream'>,
  proposal: ChangeProposalView,
): Promise<readonly FieldDifference[]> {
  const { target, baseRevision, events, createdAt } = proposal
  const destination = destinationOf({ streamId: target, type: 'ChangeProposed', position: '' as LogPosition })
  const id = parseStreamName(target)?.id
  if (destination.kind !== 'entity' || id === undefined) throw new Error(`The change of ${target} changes no entity.`)
  const { projection } = destination
  let entity: AnyEntity | undefined
  if (baseRevision !== null)
    for await (const batch of log.readStream(target, { maxCount: baseRevision + 1 }))
      for (const event of batch) entity = foldEvent(projection, id, entity, event)
  const before = comparedForm(projection, entity, createdAt)
  for (const [index, event] of events.entries())
    entity = foldEvent(projection, id, entity, asIfRecorded(proposal, event, (baseRevision ?? -1) + 1 + index))
  return fieldDifferences(before, comparedForm(projection, entity, createdAt))
}

/** An event of the change as it would stand in the log, by the author, when it was proposed. */
function asIfRecorded(
  { target, streamId, organizationId, author, createdAt }: ChangeProposalView,
  { type, data }: ChangeProposalView['events'][number],
  revision: number,
): RecordedEvent {
  const actor = author === null ? { kind: 'system' } : { kind: 'user', userId: author }
  const metadata = { schemaVersion: 1, organizationId, actor, occurredAt: createdAt } as RecordedEvent['metadata']
  return {
    id: streamId,
    streamId: target,
    type,
    data,
    metadata,
    revision,
    position: '' as LogPosition,
  } as RecordedEvent
}
