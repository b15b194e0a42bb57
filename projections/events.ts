import {
  type EventMetadata,
  type OrganizationId,
  type RefusalEvent,
  refusalFacts,
  type UnusualActivityEvent,
} from '../domain/index.ts'
import type { LogPosition, RecordedEvent } from '../event-log/index.ts'
import type { EventRow } from './tables.ts'
import type { EventView, SecurityRefusalView, UnusualActivityView } from './views.ts'
import { withoutSecrets } from './without-secrets.ts'

/** The row of an event. */
export function asEventRow(recorded: RecordedEvent): EventRow {
  const { position, streamId, revision, id, type, data, metadata, stored } = withoutSecrets(recorded)
  return {
    position,
    organization_id: metadata.organizationId,
    stream_id: streamId,
    revision,
    id,
    type,
    occurred_at: metadata.occurredAt,
    data: stored.data.jsonOf(data),
    metadata: stored.metadata.jsonOf(metadata),
  }
}

/** What queries see of an event's row. */
export function asEventView(row: EventRow): EventView {
  return {
    id: row.id,
    type: row.type,
    data: JSON.parse(row.data) as EventView['data'],
    metadata: JSON.parse(row.metadata) as EventMetadata,
    streamId: row.stream_id,
    revision: row.revision,
    position: row.position as LogPosition,
  }
}

/** What queries see of an event of a security stream. */
export function asSecurityRefusal({ id, type, data, metadata, position }: EventView): SecurityRefusalView {
  const { actor, occurredAt, remoteAddress = null } = metadata
  const organizationId: OrganizationId = metadata.organizationId
  const recorded = { id, organizationId, position, occurredAt, actor, remoteAddress }
  return { ...recorded, ...refusalFacts({ type, data } as unknown as RefusalEvent) }
}

/** What queries see of a finding of unusual activity. */
export function asUnusualActivity({ id, type, data, metadata, position }: EventView): UnusualActivityView {
  const { organizationId, occurredAt, remoteAddress = null } = metadata
  const recorded = { id, organizationId, position, occurredAt, remoteAddress }
  const event = { type, data } as unknown as UnusualActivityEvent
  if (event.type === 'FurtherUnusualActivityDetected') {
    const { rule, count, subjects, unnamed, firstAt, lastAt } = event.data
    return { ...recorded, rule, count, subjects, unnamed, firstAt, lastAt, finding: null }
  }
  const { rule, count, happenedAt, about, userId, signingPolicyId } = event.data
  const subjects = [{ about, userId, signingPolicyId }]
  return {
    ...recorded,
    rule,
    count,
    subjects,
    unnamed: 0,
    firstAt: happenedAt,
    lastAt: happenedAt,
    finding: event.data,
  }
}
