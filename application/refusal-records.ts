import { randomUUID } from 'node:crypto'
import { asId, eventMetadata, type Instant, type OrganizationId, parseStreamName } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { CountedEvent } from './refusal-counts.ts'
import type { RefusedAttempt } from './refused-attempt.ts'
import type { SecurityRecord } from './security-stream.ts'

/** What is recorded of counted refusals: their event, without an id that the organization does not know, and its metadata. */
export async function recordOf(
  log: Pick<EventLog, 'readStream'>,
  { event, attempt }: CountedEvent,
  organizationId: OrganizationId,
  occurredAt: Instant,
): Promise<SecurityRecord> {
  if (attempt === null) {
    const initiator = { actor: { kind: 'system', component: 'refusalAudit' }, callId: randomUUID() } as const
    return { event, metadata: eventMetadata(initiator, { organizationId, occurredAt }) }
  }
  const subject = (await isKnown(log, attempt)) ? event.data.subject : null
  const correlationId = subject ?? attempt.callId
  return {
    event: { ...event, data: { ...event.data, subject } },
    metadata: eventMetadata(attempt, { organizationId, correlationId, occurredAt }),
  }
}

/** The stream that an attempt names; `null` when it names none by an id: then the text is the caller's invention. */
export function entityStream(subject: string | null): string | null {
  const name = subject === null ? undefined : parseStreamName(subject)
  const id = name === undefined ? undefined : asId(name.id)
  return name === undefined || id === undefined ? null : `${name.kind}-${id}`
}

/**
 * Whether an attempt was about something that its organization has. An id that it does not know is a text of the caller:
 * a secret that was pasted in the wrong place may look like one.
 */
async function isKnown(
  log: Pick<EventLog, 'readStream'>,
  { subject, organizationId }: RefusedAttempt,
): Promise<boolean> {
  if (subject === null) return false
  try {
    for await (const [first] of log.readStream(subject, { maxCount: 1 }))
      return first?.metadata.organizationId === organizationId
  } catch {
    // A stream that cannot be read holds up no record.
  }
  return false
}
