import { checkAppendTarget, checkMaxCount, checkReadStream } from './check-arguments.ts'
import {
  type Appended,
  type EventLog,
  EventLogError,
  type ExpectedRevision,
  type LogPosition,
  type NewEvent,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type StreamRevisions,
  type SubscribeOptions,
  type SubscriptionBatch,
  type UnreadableEvent,
} from './event-log.ts'
import type { EventStoreDbAddress } from './eventstoredb-address.ts'
import { appendOnce } from './eventstoredb-append.ts'
import { refuseConcealed, refuseMissing } from './eventstoredb-concealment.ts'
import { connectEventStoreDb } from './eventstoredb-connection.ts'
import { streamNames } from './eventstoredb-events.ts'
import { eventStoreDbFailure, storeRetries } from './eventstoredb-failure.ts'
import { createHead } from './eventstoredb-head.ts'
import { subscriberPlace } from './eventstoredb-place.ts'
import { readBatches } from './eventstoredb-read.ts'
import { allRequest, streamRequest } from './eventstoredb-requests.ts'
import { followOnce } from './eventstoredb-subscription.ts'
import { serialiseEvents } from './serialise.ts'
import { watchOrder } from './stream-order.ts'

/** Where the production log lives. */
export type EventStoreDbOptions = EventStoreDbAddress & {
  /**
   * Which streams of the database are this log: those that are named `<namespace>.<stream id>`. Letters, digits, hyphens and
   * underscores. Default: `countersign`.
   */
  readonly namespace?: string
  /** How long an append or a read tries again before `EVENT_LOG_UNAVAILABLE`. Default: 5,000 ms. */
  readonly callTimeoutMs?: number
  /** How long a subscription tries to come back before `EVENT_LOG_UNAVAILABLE`. Default: 300,000 ms. */
  readonly subscriptionTimeoutMs?: number
}

/**
 * How long the server may be silent while it looks for our events among those of others, in milliseconds: enough for tens
 * of millions. That it has gone is found out by the connection, in less.
 */
const searchSilenceMs = 60_000

/**
 * Makes the production event log on EventStoreDB or KurrentDB, 22.6 or newer. Nothing is sent until the first call. Other rooms
 * call `openEventStoreDb`, which loads this module.
 *
 * The database may be shared: with other applications, and with logs of other namespaces. What is not of this namespace is
 * never looked at.
 *
 * When the node goes away or answers nothing, calls and subscriptions try again, with growing pauses, on the node that is
 * leader then; an append is repeated with the same ids and expected revision, so it is written once.
 *
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID` for an address or a namespace that cannot be one
 */
export function createEventStoreDbLog(options: EventStoreDbOptions): EventLog {
  const { callTimeoutMs = 5_000, subscriptionTimeoutMs = 300_000 } = options
  const names = streamNames(options.namespace ?? 'countersign')
  const connection = connectEventStoreDb(options)
  const newest = createHead({ connection, prefix: names.prefix, silenceMs: searchSilenceMs })
  const source = { connection, names, silenceMs: callTimeoutMs }
  const closing = new AbortController()
  let closed: Promise<void> | undefined
  const appending = new Set<Promise<unknown>>()

  function checkOpen(): void {
    if (closed !== undefined) throw new EventLogError('EVENT_LOG_CLOSED', 'The event log was closed.')
  }

  /** What to throw: after `close` every call fails, in whatever way, because of it. */
  async function failure(error: unknown, what: string): Promise<EventLogError> {
    const isClosed = () => closing.signal.aborted
    const translated = eventStoreDbFailure(error, what)
    if (isClosed()) return new EventLogError('EVENT_LOG_CLOSED', 'The event log was closed.')
    if (translated === error || translated.code !== 'EVENT_LOG_UNAVAILABLE') return translated
    const reason = await connection.explain()
    if (isClosed()) return new EventLogError('EVENT_LOG_CLOSED', 'The event log was closed.')
    return reason === undefined
      ? translated
      : new EventLogError('EVENT_LOG_UNAVAILABLE', `${what}. ${reason}`, { cause: error })
  }

  async function append(streamId: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    const serialised = serialiseEvents(events)
    const retries = storeRetries(callTimeoutMs, 'call')
    for (;;)
      try {
        const target = { streamId, name: names.onServer(streamId), limitMs: retries.attemptMs() }
        const { revision, position } = await appendOnce(connection, target, serialised, expected)
        return { revision, position: position ?? (await positionAt(streamId, revision)) }
      } catch (error) {
        await retries.afterFailure(error).catch(async (final) => {
          throw await failure(final, `Cannot append to ${streamId}`)
        })
      }
  }

  async function positionAt(streamId: string, revision: number): Promise<LogPosition> {
    for await (const [event] of readStream(streamId, { fromRevision: revision, maxCount: 1 }))
      if (event !== undefined) return event.position
    throw new EventLogError('EVENT_LOG_CORRUPT', `${streamId} does not hold revision ${revision}, which was written.`)
  }

  async function* readStream(streamId: string, read: ReadStreamOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    checkOpen()
    checkReadStream(read)
    const { direction = 'forwards', maxCount = Number.MAX_SAFE_INTEGER } = read
    let { fromRevision } = read
    // Streams that begin with $ are the server's; $all is not a stream at all.
    if (streamId === '' || streamId.startsWith('$')) return
    const name = names.onServer(streamId)
    const order = watchOrder({ ...read, direction, maxCount })
    const retries = storeRetries(callTimeoutMs, 'call', closing.signal)
    for (let left = maxCount; left > 0; )
      try {
        const silenceMs = retries.attemptMs()
        const request = streamRequest(name, { direction, fromRevision, maxCount: left })
        for await (const events of readBatches(request, { connection, names, silenceMs })) {
          retries.succeeded()
          left -= events.length
          fromRevision = (events.at(-1) as RecordedEvent).revision + (direction === 'forwards' ? 1 : -1)
          for (const { revision } of events) await refuseMissing(source, streamId, order.next(revision))
          yield events
          checkOpen()
        }
        if (left === maxCount) await refuseConcealed(source, streamId)
        await refuseMissing(source, streamId, order.end())
        return
      } catch (error) {
        await retries.afterFailure(error).catch(async (final) => {
          throw await failure(final, `Cannot read ${streamId}`)
        })
        if (fromRevision === -1) return
      }
  }

  async function lastRevisions(streamIds: readonly string[]): Promise<StreamRevisions> {
    const last = streamIds.map(async (streamId) => {
      let revision: ExpectedRevision = 'noStream'
      for await (const [event] of readStream(streamId, { direction: 'backwards', maxCount: 1 }))
        if (event !== undefined) revision = event.revision
      return [streamId, revision] as const
    })
    return new Map(await Promise.all(last))
  }

  async function* readAll(read: ReadAllOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    checkOpen()
    checkMaxCount(read)
    const { after, from, onUnreadable } = read
    let last = after
    let left = read.maxCount ?? Number.MAX_SAFE_INTEGER
    const retries = storeRetries(callTimeoutMs, 'call', closing.signal)
    const isNew = ({ position }: { readonly position: LogPosition }) =>
      last === undefined ? from === undefined || position >= from : position > last
    let lastReported: LogPosition | undefined
    // An event is reported once, however often the read begins again before it.
    const report = (event: UnreadableEvent) => {
      if (!isNew(event) || (lastReported !== undefined && event.position <= lastReported)) return
      lastReported = event.position
      onUnreadable?.(event)
    }
    const options = { connection, names, silenceMs: searchSilenceMs, onUnreadable: onUnreadable && report }
    while (left > 0)
      try {
        // The server begins at the position, inclusive.
        for await (const batch of readBatches(allRequest(names.prefix, last ?? from), options)) {
          retries.succeeded()
          const events = batch.filter(isNew).slice(0, left)
          if (events.length === 0) continue
          left -= events.length
          last = events.at(-1)?.position
          yield events
          checkOpen()
          if (left === 0) return
        }
        return
      } catch (error) {
        await retries.afterFailure(error).catch(async (final) => {
          throw await failure(final, 'Cannot read the event log')
        })
      }
  }

  async function* subscribe({ after, signal }: SubscribeOptions): AsyncGenerator<SubscriptionBatch> {
    checkOpen()
    const ending = AbortSignal.any([signal, closing.signal])
    const retries = storeRetries(subscriptionTimeoutMs, 'subscription', ending)
    const place = subscriberPlace(after)
    while (!ending.aborted)
      try {
        const follow = { connection, names, place, signal: ending, head: newest, confirmed: retries.succeeded }
        for await (const batch of followOnce(follow)) {
          retries.succeeded()
          yield batch
        }
      } catch (error) {
        if (ending.aborted) return
        await retries.afterFailure(error).catch(async (final) => {
          throw await failure(final, 'The subscription ended')
        })
      }
  }

  async function head(): Promise<LogPosition | undefined> {
    const retries = storeRetries(callTimeoutMs, 'call', closing.signal)
    for (;;)
      try {
        return await newest()
      } catch (error) {
        await retries.afterFailure(error).catch(async (final) => {
          throw await failure(final, 'Cannot read the end of the event log')
        })
      }
  }

  async function close(): Promise<void> {
    await Promise.allSettled(appending)
    closing.abort()
    connection.close()
  }

  return {
    append: async (streamId, events, expectedRevision) => {
      checkOpen()
      checkAppendTarget(streamId, expectedRevision)
      const begun = append(streamId, events, expectedRevision)
      appending.add(begun)
      return begun.finally(() => appending.delete(begun))
    },
    readStream,
    lastRevisions,
    readAll,
    subscribe,
    head: async () => {
      checkOpen()
      return head()
    },
    close: () => {
      closed ??= close()
      return closed
    },
  }
}
