import { BACKWARDS, END, FORWARDS, START } from '@eventstore/db-client'
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
  type SubscribeOptions,
  type SubscriptionBatch,
} from './event-log.ts'
import { appendOnce } from './eventstoredb-append.ts'
import { connectEventStoreDb } from './eventstoredb-connection.ts'
import { decodeEventStoreDbPosition } from './eventstoredb-events.ts'
import { eventStoreDbFailure, failureKind } from './eventstoredb-failure.ts'
import { readBatches } from './eventstoredb-read.ts'
import { createPatience } from './eventstoredb-retry.ts'
import { followOnce } from './eventstoredb-subscription.ts'
import { serialiseEvents } from './serialise.ts'

/** Where the production log lives. */
export type EventStoreDbOptions = {
  /** As EventStoreDB defines it: `esdb://user:password@host:2113?tls=true`, several hosts or `esdb+discover` for a cluster. */
  readonly connectionString: string
  /** How long an append or a read tries again before `EVENT_LOG_UNAVAILABLE`. Default: 5,000 ms. */
  readonly callPatienceMs?: number
  /** How long a subscription tries to come back before `EVENT_LOG_UNAVAILABLE`. Default: 300,000 ms. */
  readonly subscriptionPatienceMs?: number
}

/**
 * Opens the production event log on EventStoreDB or KurrentDB, 22.6 or newer. Nothing is sent until the first call.
 *
 * When the node goes away, calls and subscriptions try again, with growing pauses, on the node that is leader then; an
 * append is repeated with the same ids and expected revision, so it is written once. With the expected revision `any` the
 * server recognises ids that it has seen lately (its memory of committed ids is bounded), which covers such repeats.
 *
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID` for a connection string that cannot be one
 */
export function openEventStoreDb(options: EventStoreDbOptions): EventLog {
  const { connectionString, callPatienceMs = 5_000, subscriptionPatienceMs = 300_000 } = options
  const connection = connectEventStoreDb(connectionString)
  const { client } = connection
  const closing = new AbortController()
  let closed: Promise<void> | undefined
  const appending = new Set<Promise<unknown>>()

  function checkOpen(): void {
    if (closed !== undefined) throw new EventLogError('EVENT_LOG_CLOSED', 'The event log was closed.')
  }

  /** What to throw: after `close` every call fails, in whatever way, because of it. */
  function failure(error: unknown, what: string): EventLogError {
    if (closing.signal.aborted) return new EventLogError('EVENT_LOG_CLOSED', 'The event log was closed.')
    return eventStoreDbFailure(error, what)
  }

  async function append(streamId: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    const serialised = serialiseEvents(events)
    const patience = createPatience(callPatienceMs)
    for (;;)
      try {
        const { revision, position } = await appendOnce(connection, streamId, serialised, expected)
        return { revision, position: position ?? (await positionAt(streamId, revision)) }
      } catch (error) {
        await patience.bear(error).catch((final) => {
          throw failure(final, `Cannot append to ${streamId}`)
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
    const { direction = FORWARDS, maxCount = Number.MAX_SAFE_INTEGER } = read
    let { fromRevision } = read
    // Streams that begin with $ are the server's; $all is not a stream at all.
    if (streamId === '' || streamId.startsWith('$')) return
    const patience = createPatience(callPatienceMs)
    for (let left = maxCount; left > 0; )
      try {
        const from = fromRevision === undefined ? (direction === FORWARDS ? START : END) : BigInt(fromRevision)
        const stream = client.readStream(streamId, { direction, fromRevision: from, maxCount: left })
        for await (const events of readBatches(stream)) {
          patience.restored()
          left -= events.length
          fromRevision = (events.at(-1) as RecordedEvent).revision + (direction === FORWARDS ? 1 : -1)
          yield events
          checkOpen()
        }
        return
      } catch (error) {
        if (failureKind(error) === 'stream-not-found') return
        await patience.bear(error, closing.signal).catch((final) => {
          throw failure(final, `Cannot read ${streamId}`)
        })
        if (fromRevision === -1) return
      }
  }

  async function* readAll(read: ReadAllOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    checkOpen()
    checkMaxCount(read)
    let last = read.after
    let left = read.maxCount ?? Number.MAX_SAFE_INTEGER
    const patience = createPatience(callPatienceMs)
    while (left > 0)
      try {
        // The server begins at the position, inclusive, and cannot leave out its own events here.
        const stream = client.readAll({ fromPosition: last === undefined ? START : decodeEventStoreDbPosition(last) })
        for await (const batch of readBatches(stream)) {
          patience.restored()
          const events = batch.filter(({ position }) => last === undefined || position > last).slice(0, left)
          if (events.length === 0) continue
          left -= events.length
          last = events.at(-1)?.position
          yield events
          checkOpen()
          if (left === 0) return
        }
        return
      } catch (error) {
        await patience.bear(error, closing.signal).catch((final) => {
          throw failure(final, 'Cannot read the event log')
        })
      }
  }

  async function* subscribe({ after, signal }: SubscribeOptions): AsyncGenerator<SubscriptionBatch> {
    checkOpen()
    const ending = AbortSignal.any([signal, closing.signal])
    const patience = createPatience(subscriptionPatienceMs)
    let last = after
    while (!ending.aborted)
      try {
        const follow = { client, after: last, signal: ending, head: newest, confirmed: patience.restored }
        for await (const batch of followOnce(follow)) {
          patience.restored()
          last = batch.events.at(-1)?.position ?? last
          yield batch
        }
      } catch (error) {
        if (ending.aborted) return
        await patience.bear(error, ending).catch((final) => {
          throw failure(final, 'The subscription ended')
        })
      }
  }

  /** One look at the end of the log; stops at the first event that is not the server's own. */
  async function newest(): Promise<LogPosition | undefined> {
    for await (const [event] of readBatches(client.readAll({ direction: BACKWARDS, fromPosition: END }), 1))
      return event?.position
    return undefined
  }

  async function head(): Promise<LogPosition | undefined> {
    const patience = createPatience(callPatienceMs)
    for (;;)
      try {
        return await newest()
      } catch (error) {
        await patience.bear(error, closing.signal).catch((final) => {
          throw failure(final, 'Cannot read the end of the event log')
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
