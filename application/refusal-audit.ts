import { randomUUID } from 'node:crypto'
import { type EventMetadata, eventMetadata, type Instant, type OrganizationId, parseId } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { commandRefused, eventsOf, RefusalCounter } from './refusal-counts.ts'
import type { RefusedAttempt } from './refused-attempt.ts'
import { mostEventsPerMinute, openSecurityStream, type SecurityRecord, type SecurityStream } from './security-stream.ts'

export { type RefusedAttempt, unknownOrganization } from './refused-attempt.ts'

/** Records refused attempts in the security streams, in at most {@link mostEventsPerMinute} events an organization. */
export interface RefusalAudit {
  /**
   * Records the first attempt of a kind at once and before it answers; repeats within a minute are counted and recorded
   * together, and so is everything once a minute has had 20 events. Never fails, and loses nothing while the process
   * lives: what the log does not take is counted on (and twice, when it was taken without an answer).
   */
  record(attempt: RefusedAttempt): Promise<void>
  /** Records what has been counted so far; in one event where the minute has no room for more. */
  close(): Promise<void>
}

/** When a minute has had so many events, nothing is recorded at once any more: the rest of the room is for counts. */
const mostRecordedAtOnce = 20
/** Room that counts leave for the last record of a process that stops within the minute. */
const roomForClosing = 1
const windowMilliseconds = 60_000

type Ledger = { readonly counter: RefusalCounter; readonly stream: SecurityStream; timer?: NodeJS.Timeout }

/** Opens the audit of refusals. */
export function openRefusalAudit(dependencies: {
  readonly log: EventLog
  readonly now: () => Instant
  readonly onError: (error: unknown) => void
}): RefusalAudit {
  const { now, onError } = dependencies
  /** One an organization: as many as there are in the log. */
  const ledgers = new Map<OrganizationId, Ledger>()

  function ledgerOf(organizationId: OrganizationId): Ledger {
    const known = ledgers.get(organizationId)
    if (known !== undefined) return known
    const ledger = { counter: new RefusalCounter(), stream: openSecurityStream(dependencies, organizationId) }
    ledgers.set(organizationId, ledger)
    return ledger
  }

  function startWindow(organizationId: OrganizationId, ledger: Ledger): void {
    if (ledger.timer !== undefined) return
    ledger.timer = setTimeout(() => {
      delete ledger.timer
      void recordCounts(organizationId, ledger, (room) => room - roomForClosing)
    }, windowMilliseconds)
    ledger.timer.unref()
  }

  async function recordAtOnce({ stream }: Ledger, attempt: RefusedAttempt, at: Instant): Promise<boolean> {
    let recorded = false
    try {
      await stream.append((room) => {
        recorded = room > mostEventsPerMinute - mostRecordedAtOnce
        const event = commandRefused({ attempt, count: 1, firstAt: at, lastAt: at })
        return recorded ? [{ event, metadata: metadataOf(attempt, at) }] : []
      })
      return recorded
    } catch (error) {
      onError(error)
      return false
    }
  }

  /** @param most how many events may be appended, of those that the last minute has room for */
  async function recordCounts(
    organizationId: OrganizationId,
    ledger: Ledger,
    most: (room: number) => number,
  ): Promise<void> {
    const counts = ledger.counter.take()
    if (counts.kinds.length === 0 && counts.furtherCount === 0) return
    let recorded = false
    try {
      await ledger.stream.append((room) => {
        recorded = most(room) > 0
        return recorded ? eventsOf(counts, most(room)).map((each) => recordOf(organizationId, each, now())) : []
      })
    } catch (error) {
      recorded = false
      onError(error)
    }
    if (recorded) return
    ledger.counter.putBack(counts)
    startWindow(organizationId, ledger)
  }

  return {
    async record(given) {
      const at = now()
      const attempt = { ...given, subject: entityId(given.subject) }
      const { organizationId } = attempt
      const ledger = ledgerOf(organizationId)
      startWindow(organizationId, ledger)
      if (ledger.counter.isFirst(attempt, at) && (await recordAtOnce(ledger, attempt, at))) return
      ledger.counter.add({ attempt, count: 1, firstAt: at, lastAt: at })
    },

    async close() {
      for (const [organizationId, ledger] of ledgers) {
        clearTimeout(ledger.timer)
        delete ledger.timer
        await recordCounts(organizationId, ledger, (room) => Math.max(1, room))
        clearTimeout(ledger.timer)
      }
    },
  }
}

function recordOf(
  organizationId: OrganizationId,
  { event, attempt }: ReturnType<typeof eventsOf>[number],
  at: Instant,
): SecurityRecord {
  if (attempt !== null) return { event, metadata: metadataOf(attempt, at) }
  const id = randomUUID()
  const actor = { kind: 'system', component: 'refusalAudit' } as const
  return { event, metadata: eventMetadata({ actor, callId: id }, { organizationId, occurredAt: at }) }
}

function metadataOf(attempt: RefusedAttempt, occurredAt: Instant): EventMetadata {
  const { organizationId, subject, callId } = attempt
  return eventMetadata(attempt, { organizationId, correlationId: subject ?? callId, occurredAt })
}

/** The id that a caller named an entity by; what is no id is the caller's invention, and is not kept. */
function entityId(subject: string | null): string | null {
  try {
    return subject === null ? null : parseId(subject, 'The subject')
  } catch {
    return null
  }
}
