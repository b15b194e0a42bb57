import { checkAppend, groupAppends, type LogFault } from './check-appends.ts'
import { checkReadStream } from './check-arguments.ts'
import { type EventLog, EventLogError, type ReadStreamOptions, type RecordedEvent } from './event-log.ts'
import type { KeyRing } from './process-keys.ts'
import type { StreamEnds } from './stream-ends.ts'

/**
 * Wraps a log for decisions about keys: a stream is read only when every event of it is what a process of the service,
 * which may write it, signed for this place. Appends pass through.
 *
 * Each read takes the stream from its beginning, whatever part of it is asked for. That the end of a stream was removed
 * cannot be seen in the stream: it shows by what was seen of it before. The whole log cannot be read or followed through this.
 *
 * @param log as it was written: what is upcast is not what was signed
 * @param ends what has been seen of streams; without it a removed end is not noticed, but by `auditAppends`
 * @throws EventLogError `EVENT_LOG_UNTRUSTED` from reads, naming the event and what is wrong with it
 */
export function withVerification(log: EventLog, keys: KeyRing, ends?: StreamEnds): EventLog {
  const keysOfDecisions = new WeakMap<object, KeyRing>()

  /** A revocation counts from the moment it is in the log; for a decision that has read the key already, at its end. */
  function keysFor(decision: object | undefined): KeyRing {
    const known = decision && keysOfDecisions.get(decision)
    if (known !== undefined) return known
    const keysNow = keys.renewed()
    if (decision !== undefined) keysOfDecisions.set(decision, keysNow)
    return keysNow
  }

  async function* readStream(
    streamId: string,
    options: ReadStreamOptions = {},
  ): AsyncGenerator<readonly RecordedEvent[]> {
    checkReadStream(options)
    const checkEnd = ends?.beforeReading(streamId)
    const events: RecordedEvent[] = []
    for await (const batch of log.readStream(streamId)) events.push(...batch)
    const keysNow = keysFor(options.decision)
    await checkStream(events, keysNow)
    options.onKeyStreams?.(keysNow.ends())
    checkEnd?.(events)
    ends?.keep(streamId, events)
    const { direction = 'forwards', fromRevision, maxCount } = options
    const inDirection = direction === 'forwards' ? events : events.toReversed()
    const wanted = inDirection.filter(
      ({ revision }) =>
        fromRevision === undefined || (direction === 'forwards' ? revision >= fromRevision : revision <= fromRevision),
    )
    if (wanted.length > 0 && maxCount !== 0) yield wanted.slice(0, maxCount)
  }

  return {
    append: (streamId, events, expectedRevision) => log.append(streamId, events, expectedRevision),
    readStream,
    lastRevisions: (streamIds) => log.lastRevisions(streamIds),
    readAll: () => refuseWholeLog(),
    subscribe: () => refuseWholeLog(),
    head: () => log.head(),
    close: () => log.close(),
  }
}

async function checkStream(events: readonly RecordedEvent[], keys: KeyRing): Promise<void> {
  const grouping = groupAppends()
  const checks: Promise<readonly LogFault[]>[] = []
  for (const event of events) {
    const { group, faults } = grouping.add(event)
    checks.push(Promise.resolve(faults))
    if (group !== undefined) checks.push(Promise.resolve(checkAppend(group, keys)))
  }
  checks.push(Promise.resolve(grouping.end()))
  const [fault] = (await Promise.all(checks)).flat()
  if (fault === undefined) return
  const { kind, streamId, revision, eventId, reason } = fault
  throw new EventLogError(
    'EVENT_LOG_UNTRUSTED',
    `${streamId}, revision ${revision}${eventId === null ? '' : ` (event ${eventId})`} is ${kind}. ${reason} Run «countersign audit replay» to see everything that is wrong with the log.`,
  )
}

function refuseWholeLog(): never {
  throw new EventLogError('EVENT_LOG_ARGUMENT_INVALID', 'A log that verifies reads single streams only.')
}
