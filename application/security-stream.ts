import { type EventMetadata, type Instant, type OrganizationId, type SecurityEvent, streams } from '../domain/index.ts'
import {
  appendDecided,
  type EventLog,
  type ExpectedRevision,
  type KnownStream,
  type NewEvent,
  prepareEvents,
} from '../event-log/index.ts'

/** The most events that an organization's refusals add to the log within a minute, whichever processes write them. */
export const mostEventsPerMinute = 60

const minuteMs = 60_000

/** An event and who caused it. */
export type SecurityRecord = { readonly event: SecurityEvent; readonly metadata: EventMetadata }

/** The security stream of an organization, a new one each UTC day. */
export interface SecurityStream {
  /**
   * Appends, one append after the other, at the revision that the stream has.
   *
   * @param choose is given how many more events the last minute has room for, by {@link mostEventsPerMinute}, and answers
   *   what is to be appended, or nothing. Asked again when another process was faster.
   * @throws EventLogError when the log cannot be used; nothing was appended
   */
  append(choose: (room: number) => readonly SecurityRecord[]): Promise<void>
}

/** Opens an organization's security stream. */
export function openSecurityStream(
  { log, now }: { readonly log: EventLog; readonly now: () => Instant },
  organizationId: OrganizationId,
): SecurityStream {
  /** The stream of the day, as far as it is known. */
  let known: KnownStream | undefined
  /** When the events of the last minute were appended, in milliseconds, and perhaps some before. */
  let appended: readonly number[] = []
  let turn: Promise<void> = Promise.resolve()

  /** Reads the ends of the streams that the last minute lies in: two of them just after midnight. */
  async function read(at: Instant): Promise<KnownStream> {
    const streamId = streams.security(organizationId, at)
    const minuteBefore = new Date(Date.parse(at) - minuteMs).toISOString()
    const moments: number[] = []
    let revision: ExpectedRevision = 'noStream'
    for (const each of new Set([streams.security(organizationId, minuteBefore), streamId]))
      for await (const batch of log.readStream(each, { direction: 'backwards', maxCount: mostEventsPerMinute }))
        for (const event of batch) {
          if (each === streamId && revision === 'noStream') revision = event.revision
          moments.push(Date.parse(event.metadata.occurredAt))
        }
    appended = moments
    return { streamId, revision }
  }

  async function append(choose: (room: number) => readonly SecurityRecord[]): Promise<void> {
    let chosen: readonly SecurityRecord[] = []
    let at = now()
    try {
      const { known: before, appended: last } = await appendDecided(
        log,
        async () => {
          at = now()
          const isKnown = known?.streamId === streams.security(organizationId, at)
          const current = isKnown && known !== undefined ? known : await read(at)
          // When it is asked for again, it was not as it was known.
          known = undefined
          return current
        },
        ({ streamId, revision }) => {
          appended = appended.filter((moment) => moment > Date.parse(at) - minuteMs)
          chosen = choose(Math.max(0, mostEventsPerMinute - appended.length))
          return prepared(streamId, revision, chosen)
        },
      )
      known = { streamId: before.streamId, revision: last?.revision ?? before.revision }
      appended = [...appended, ...chosen.map(() => Date.parse(at))]
    } catch (error) {
      // Whether it was appended is not known: the stream is read again.
      known = undefined
      throw error
    }
  }

  return {
    append(choose) {
      const appending = turn.then(() => append(choose))
      turn = appending.catch(() => undefined)
      return appending
    },
  }
}

function prepared(
  streamId: string,
  revision: ExpectedRevision,
  records: readonly SecurityRecord[],
): readonly NewEvent[] {
  return records.flatMap(({ event, metadata }) => prepareEvents(streamId, revision, [event], metadata))
}
