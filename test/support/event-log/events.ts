import type { EventMetadata, OrganizationId, UserId } from '../../../domain/index.ts'
import type { LogPosition, NewEvent, RecordedEvent, SubscriptionBatch } from '../../../event-log/index.ts'

/** Metadata as every event carries it. */
export function metadata(): EventMetadata {
  return {
    schemaVersion: 1,
    organizationId: '7c7e0a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b' as OrganizationId,
    actor: { kind: 'system', component: 'test' },
    correlationId: 'test',
    causationId: '1f0e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b' as UserId,
    occurredAt: new Date().toISOString(),
  }
}

/** An event with an id of its own. */
export function newEvent(content: object = {}, type = 'SomethingHappened'): NewEvent {
  return { id: crypto.randomUUID(), type, data: { schemaVersion: 1, ...content }, metadata: metadata() }
}

/** Several events, numbered from 0. */
export function newEvents(count: number): NewEvent[] {
  return Array.from({ length: count }, (_, number) => newEvent({ number }))
}

/** A stream that no other test uses. */
export function newStream(kind = 'thing'): string {
  return `${kind}-${crypto.randomUUID()}`
}

/** Everything that a read delivers. */
export async function collect(batches: AsyncIterable<readonly RecordedEvent[]>): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const batch of batches) events.push(...batch)
  return events
}

/** What a subscription delivers until the condition holds of it. */
export async function collectUntil(
  batches: AsyncIterable<SubscriptionBatch>,
  isEnough: (events: readonly RecordedEvent[], last: SubscriptionBatch) => boolean,
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const batch of batches) {
    events.push(...batch.events)
    if (isEnough(events, batch)) break
  }
  return events
}

/** The ids, which say everything of an order. */
export function ids(events: readonly { readonly id: string }[]): string[] {
  return events.map(({ id }) => id)
}

/** What has a log read from after a position; from its beginning where there is none. */
export function following(position: LogPosition | undefined): { after?: LogPosition } {
  return position === undefined ? {} : { after: position }
}
