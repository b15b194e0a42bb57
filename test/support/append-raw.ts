import { randomUUID } from 'node:crypto'
import type { ApiTokenId, DomainEvent, OrganizationId, UserId } from '../../domain/index.ts'
import { type EventLog, prepareEvents } from '../../event-log/index.ts'

/** Appends events to a stream without asking any decider: what an attacker with access to the log's writer might do. */
export async function appendRaw(
  log: EventLog,
  stream: string,
  events: readonly DomainEvent[],
  revision: number | 'noStream',
  organizationId: OrganizationId,
  by?: UserId,
  tokenId = randomUUID() as ApiTokenId,
): Promise<void> {
  const actor =
    by === undefined
      ? ({ kind: 'system', component: 'test' } as const)
      : ({ kind: 'user', userId: by, authentication: { method: 'apiToken', tokenId } } as const)
  const metadata = {
    schemaVersion: 1,
    organizationId,
    actor,
    correlationId: stream,
    causationId: stream,
    occurredAt: new Date().toISOString(),
  }
  await log.append(stream, prepareEvents(stream, revision, events, metadata), revision)
}
