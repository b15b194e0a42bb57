import {
  type EventMetadata,
  type Instant,
  type OrganizationId,
  oneAtATime,
  type SecurityEvent,
  streams,
} from '../domain/index.ts'
import {
  appendDecided,
  type EventLog,
  type KnownStream,
  prepareEvents,
  type RecordedEvent,
} from '../event-log/index.ts'

/** An event and who caused it. */
export type SecurityRecord = { readonly event: SecurityEvent; readonly metadata: EventMetadata }

/** The security stream of an organization, a new one each UTC day. */
export interface SecurityStream {
  /**
   * Appends, one append after the other, at the revision that the stream has.
   *
   * @param choose answers what is to be appended, or nothing; asked again when another process was faster
   * @throws EventLogError when the log cannot be used; it is not known whether anything was appended
   */
  append(choose: () => readonly SecurityRecord[]): Promise<void>
}

/**
 * Opens an organization's security stream.
 *
 * @param options.readTail is to read the end of the stream of a moment's day, and answers its last event; it may look at more.
 *   Only the last event is read by default
 */
export function openSecurityStream(
  { log, now }: { readonly log: EventLog; readonly now: () => Instant },
  organizationId: OrganizationId,
  readTail: (at: Instant, streamId: string) => Promise<RecordedEvent | undefined> = (_, streamId) =>
    readLast(log, streamId),
): SecurityStream {
  /** The stream of the day, as far as it is known. */
  let known: KnownStream | undefined
  const inTurn = oneAtATime()

  async function read(): Promise<KnownStream> {
    const at = now()
    const streamId = streams.security(organizationId, at)
    const current = known
    // When it is asked for again, it was not as it was known.
    known = undefined
    if (current?.streamId === streamId) return current
    return { streamId, revision: (await readTail(at, streamId))?.revision ?? 'noStream' }
  }

  async function append(choose: () => readonly SecurityRecord[]): Promise<void> {
    try {
      const { known: before, appended } = await appendDecided(log, read, ({ streamId, revision }) =>
        choose().flatMap(({ event, metadata }) => prepareEvents(streamId, revision, [event], metadata)),
      )
      known = { streamId: before.streamId, revision: appended?.revision ?? before.revision }
    } catch (error) {
      // Whether it was appended is not known: the stream is read again.
      known = undefined
      throw error
    }
  }

  return { append: (choose) => inTurn(() => append(choose)) }
}

async function readLast(log: EventLog, streamId: string): Promise<RecordedEvent | undefined> {
  for await (const [last] of log.readStream(streamId, { direction: 'backwards', maxCount: 1 })) return last
  return undefined
}
