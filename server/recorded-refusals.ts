import { unknownOrganization } from '../application/index.ts'
import {
  type Actor,
  type CountedRefusals,
  type Instant,
  type OrganizationId,
  parseId,
  Refusal,
  type RefusalEvent,
  type RefusalFacts,
  refusalFacts,
  type SecurityEvent,
  streams,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'

const dayMs = 24 * 60 * 60 * 1000
/** Each day is a stream of its own, which is read even when there is none. */
const mostDays = 3_660

/** Refusals of one kind, as a security stream has them. */
export type RecordedRefusal = RefusalFacts & {
  /** When it was recorded. */
  readonly recordedAt: Instant
  readonly type: RefusalEvent['type']
  readonly actor: Actor
  readonly remoteAddress: string | null
}

/** Refusals that a process had counted at some moment and had no room to record yet: they are recorded later, or were lost with it. */
export type RecordedWaiting = CountedRefusals & {
  readonly recordedAt: Instant
  /** What it was about to record beside them: it follows at once, or was lost with the process as well. */
  readonly recording: CountedRefusals
}

/** What security streams say. */
export type RecordedRefusals = {
  readonly refusals: readonly RecordedRefusal[]
  /** Only of what belongs to no organization: it is about all of them. */
  readonly waiting: readonly RecordedWaiting[]
}

/** Whose refusals, recorded when. */
export type RefusalSelection = {
  /** An organization's id; without one, what belongs to none: attempts by people of whom nothing is known. */
  readonly organization?: string | undefined
  readonly since: Instant
  readonly until: Instant
}

/**
 * Reads refusals where they are recorded: in the security streams of the event log, oldest first.
 *
 * @throws Refusal `ID_MALFORMED`; `PERIOD_INVALID` when it ends before it begins, or is longer than ten years
 * @throws EventLogError
 */
export async function recordedRefusals(
  log: Pick<EventLog, 'readStream'>,
  { organization, since, until }: RefusalSelection,
): Promise<RecordedRefusals> {
  const organizationId =
    organization === undefined ? unknownOrganization : parseId<OrganizationId>(organization, 'organization')
  const refusals: RecordedRefusal[] = []
  const waiting: RecordedWaiting[] = []
  for (const day of daysOf(since, until))
    for await (const events of log.readStream(streams.security(organizationId, day)))
      for (const { type, data, metadata } of events) {
        const recordedAt = metadata.occurredAt
        if (recordedAt < since || recordedAt > until) continue
        const remoteAddress = metadata.remoteAddress ?? null
        const { actor } = metadata
        const event = { type, data } as SecurityEvent
        if (event.type === 'RefusalEventsReserved') {
          const { waiting: left, recording } = event.data
          if (left.count + recording.count > 0) waiting.push({ recordedAt, ...left, recording })
          continue
        }
        refusals.push({ recordedAt, type: event.type, actor, remoteAddress, ...refusalFacts(event) })
      }
  return { refusals, waiting }
}

/** The UTC days from one moment to another, each by a moment in it. */
function daysOf(since: Instant, until: Instant): readonly Instant[] {
  const first = Date.parse(`${since.slice(0, 10)}T00:00:00.000Z`)
  const days = Math.floor((Date.parse(until) - first) / dayMs) + 1
  if (until < since || days > mostDays)
    throw new Refusal(
      'PERIOD_INVALID',
      `A period ends after it begins, and is no longer than ten years: ${since} to ${until}.`,
    )
  return Array.from({ length: days }, (_, index) => new Date(first + index * dayMs).toISOString())
}
