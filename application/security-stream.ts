import { type EventMetadata, type Instant, type OrganizationId, type SecurityEvent, streams } from '../domain/index.ts'
import { type EventLog, EventLogError, type NewEvent, prepareEvents, type WholeStream } from '../event-log/index.ts'

/** The most events that an organization's refusals add to the log within a minute, whichever processes write them. */
export const mostEventsPerMinute = 60

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

/** What the writer knows of the stream of a day. */
type Known = { readonly streamId: string; revision: WholeStream['revision'] }

/** Opens an organization's security stream. */
export function openSecurityStream(
  { log, now }: { readonly log: EventLog; readonly now: () => Instant },
  organizationId: OrganizationId,
): SecurityStream {
  let known: Known | undefined
  /** When the newest events were appended, in milliseconds: those of the last minute are among them. */
  let appended: readonly number[] = []
  let turn: Promise<void> = Promise.resolve()

  async function read(streamId: string): Promise<Known> {
    const moments: number[] = []
    let revision: WholeStream['revision'] = 'noStream'
    for await (const batch of log.readStream(streamId, { direction: 'backwards', maxCount: mostEventsPerMinute }))
      for (const event of batch) {
        if (revision === 'noStream') revision = event.revision
        moments.push(Date.parse(event.metadata.occurredAt))
      }
    // The stream of the day before may have got some of the last minute's.
    appended = known === undefined || known.streamId === streamId ? moments : [...moments, ...appended]
    return { streamId, revision }
  }

  async function append(choose: (room: number) => readonly SecurityRecord[]): Promise<void> {
    for (;;) {
      const at = now()
      const streamId = streams.security(organizationId, at)
      if (known?.streamId !== streamId) known = await read(streamId)
      const { revision } = known
      appended = appended.filter((moment) => moment > Date.parse(at) - 60_000)
      const records = choose(Math.max(0, mostEventsPerMinute - appended.length))
      if (records.length === 0) return
      try {
        known.revision = (await log.append(streamId, prepared(streamId, revision, records), revision)).revision
        appended = [...appended, ...records.map(() => Date.parse(at))]
        return
      } catch (error) {
        // Whether it was appended is not known: the stream is.
        known = undefined
        if (!(error instanceof EventLogError && error.code === 'EVENT_LOG_WRONG_EXPECTED_REVISION')) throw error
      }
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
  revision: WholeStream['revision'],
  records: readonly SecurityRecord[],
): readonly NewEvent[] {
  return records.flatMap(({ event, metadata }) => prepareEvents(streamId, revision, [event], metadata))
}
