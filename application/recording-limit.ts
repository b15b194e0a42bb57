import { randomUUID } from 'node:crypto'
import { eventMetadata, type Instant, type RefusalEventsReserved, streams } from '../domain/index.ts'
import type { EventLog, RecordedEvent } from '../event-log/index.ts'
import { unknownOrganization } from './refused-attempt.ts'
import { openSecurityStream } from './security-stream.ts'

/**
 * The most events that refusals add to the log within a minute: of all organizations together, whichever processes write
 * them, the reservations included.
 */
export const mostEventsPerMinute = 60

/** For how long after a reservation its events may be appended, in milliseconds. */
const usableMs = 10_000
/** So long a reservation counts: until its last event is a minute old. */
const countedMs = usableMs + 60_000
/** The end of a stream that is read: what the limit lets into it within {@link countedMs}, and something on top. */
const tailLength = 2 * mostEventsPerMinute

/** Leave to append so many events. */
export type Reservation = {
  readonly events: number
  /** Whether they may still be appended. */
  isUsable(): boolean
}

/** What somebody wants to append. */
export type ReservationRequest = {
  /** How many events; 0 only says what waits, and is recorded when there is something. */
  readonly events: number
  /** How many events of the minute are to be left to others. */
  readonly leave: number
  /** What so many events are to record of what was counted, and what is left then. */
  readonly counted: (events: number) => Pick<RefusalEventsReserved['data'], 'recording' | 'waiting'>
  /** Whether the process ends: what waits is recorded also when there is no room, in one event. */
  readonly isLast?: boolean
}

/**
 * The limit on how many events refusals cost. Whoever wants to append some reserves them by an event in the security
 * stream of what belongs to no organization, at the revision of that stream, so each process knows of all reservations.
 */
export interface RecordingLimit {
  /**
   * Reserves as many events of those wanted as there is room for; with none there is no reservation.
   *
   * @throws EventLogError when the log cannot be used
   */
  reserve(request: ReservationRequest): Promise<Reservation>
  /** In how many milliseconds there will be more room than there is now, as far as is known. */
  moreRoomIn(): number
}

type Counted = {
  /** The events reserved, and the reservation. */
  readonly events: number
  /** Until when they count, by this process's monotonic clock, in milliseconds. */
  readonly until: number
}

/** Opens the limit, as one process knows it. */
export function openRecordingLimit(dependencies: {
  readonly log: EventLog
  readonly now: () => Instant
}): RecordingLimit {
  const { log, now } = dependencies
  /** By the id of the call that made them. */
  const counted = new Map<string, Counted>()
  /** Up to where the streams of the two days that matter were looked at. */
  let seen = new Map<string, number>()
  /** When they were looked at last, by the monotonic clock. */
  let seenAt: number | undefined

  const stream = openSecurityStream(dependencies, unknownOrganization, readTail)

  /** Looks at what other processes reserved: just after midnight also in the stream of the day before. */
  async function readTail(at: Instant, streamId: string): Promise<RecordedEvent | undefined> {
    const before = streams.security(unknownOrganization, new Date(Date.parse(at) - countedMs).toISOString())
    const began = performance.now()
    const looked = new Map(seen)
    let last: RecordedEvent | undefined
    for (const each of new Set([before, streamId]))
      for await (const batch of log.readStream(each, { direction: 'backwards', maxCount: tailLength }))
        for (const event of batch) {
          if (each === streamId) last ??= event
          if (event.revision > (seen.get(each) ?? -1)) count(event)
          looked.set(each, Math.max(event.revision, looked.get(each) ?? -1))
        }
    seen = new Map([...looked].filter(([each]) => each === before || each === streamId))
    seenAt = began
    return last
  }

  /**
   * Counts a reservation that another process made. How old it is its writer's clock says and ours, of which either may
   * have been set meanwhile; but it is not from the future, and not older than our last look at the stream, which did not
   * show it.
   */
  function count({ type, data, metadata }: RecordedEvent): void {
    if (type !== 'RefusalEventsReserved' || counted.has(metadata.causationId)) return
    const { events } = data as unknown as RefusalEventsReserved['data']
    const current = performance.now()
    const age = Math.max(0, Date.parse(now()) - Date.parse(metadata.occurredAt))
    const atMost = seenAt === undefined ? age : Math.min(age, current - seenAt)
    counted.set(metadata.causationId, { events: events + 1, until: current + countedMs - atMost })
  }

  function forgetOld(): void {
    const current = performance.now()
    for (const [id, { until }] of counted) if (until <= current) counted.delete(id)
  }

  function room(): number {
    forgetOld()
    return [...counted.values()].reduce((left, { events }) => left - events, mostEventsPerMinute)
  }

  return {
    async reserve({ events: wanted, leave, counted: countedFor, isLast = false }) {
      let events = 0
      let usableUntil = 0
      let own: string | undefined
      await stream.append(() => {
        events = Math.max(0, Math.min(wanted, room() - leave - 1))
        usableUntil = performance.now() + usableMs
        const { recording, waiting } = countedFor(events)
        own = undefined
        if (events === 0 && !(isLast && waiting.count > 0)) return []
        const occurredAt = now()
        const callId = randomUUID()
        own = callId
        const actor = { kind: 'system', component: 'refusalAudit' } as const
        return [
          {
            event: { type: 'RefusalEventsReserved', data: { schemaVersion: 1, events, recording, waiting } },
            metadata: eventMetadata({ actor, callId }, { organizationId: unknownOrganization, occurredAt }),
          },
        ]
      })
      if (own !== undefined) counted.set(own, { events: events + 1, until: performance.now() + countedMs })
      return { events, isUsable: () => performance.now() < usableUntil }
    },

    moreRoomIn() {
      forgetOld()
      const first = Math.min(...[...counted.values()].map(({ until }) => until))
      return Number.isFinite(first) ? Math.max(0, first - performance.now()) : 0
    },
  }
}
