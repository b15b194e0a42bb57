import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import { type ServerWritableStream, status } from '@grpc/grpc-js'
import { serviceError } from './failures.ts'
import { eventMessage, matches, streamIdentifier, streamName } from './messages.ts'
import type { EventStoreDbStore, StoredEvent } from './store.ts'

type ReadCall = ServerWritableStream<ReadReq, ReadResp>

/** How a server tells its subscribers where they are. */
export type SubscriptionHabits = {
  readonly tellsCaughtUp: boolean
  /** Some releases send a checkpoint ahead of an event that lies before it. */
  readonly checkpointsAhead: boolean
}

/** What a server's subscribers have asked for, and how far it has come for them. */
export type SubscriptionTrace = {
  /** Where each subscription began, behind which position. */
  readonly after: bigint[]
  /** The last event that was looked at. */
  scannedTo: bigint | undefined
}

/** Events that the server looks at between two checkpoints, times the client's multiplier, where the client says nothing. */
const defaultWindow = 32

/** Answers `Streams.Read`: one stream or `$all`, forwards or backwards, to an end or as a subscription that stays. */
export async function answerRead(
  store: EventStoreDbStore,
  call: ReadCall,
  habits: SubscriptionHabits,
  trace: SubscriptionTrace,
): Promise<void> {
  const options = call.request.getOptions()
  if (options === undefined) throw new Error('A read without options')
  if (options.hasSubscription()) await subscribeToAll(store, call, options, habits, trace)
  else await readOnce(store, call, options)
  call.end()
}

async function readOnce(store: EventStoreDbStore, call: ReadCall, options: ReadReq.Options): Promise<void> {
  const isWanted = matches(options.getFilter())
  let left = Number(options.getCount())
  for (const event of options.hasStream() ? streamEvents(store, call, options) : allEvents(store, options)) {
    if (left === 0 || call.cancelled) return
    if (!isWanted(event)) continue
    left -= 1
    await send(call, eventMessage(event))
  }
}

function isBackwards(options: ReadReq.Options): boolean {
  return options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
}

function streamEvents(store: EventStoreDbStore, call: ReadCall, options: ReadReq.Options): readonly StoredEvent[] {
  const stream = options.getStream()
  const streamId = streamName(stream?.getStreamIdentifier())
  const view = store.view(streamId)
  if (view.kind === 'deleted')
    throw serviceError({ code: status.FAILED_PRECONDITION, exception: 'stream-deleted' }, streamId)
  if (view.kind === 'notFound') {
    const identifier = streamIdentifier(streamId)
    const notFound = new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifier)
    call.write(new streams.ReadResp().setStreamNotFound(notFound))
    return []
  }
  const revision = stream?.hasRevision() ? Number(stream.getRevision()) : undefined
  const within = ({ revision: at }: StoredEvent) =>
    revision === undefined || (isBackwards(options) ? at <= revision : at >= revision)
  const events = view.events.filter(within)
  return isBackwards(options) ? events.toReversed() : events
}

/** `$all` from a position on, inclusive forwards and exclusive backwards, as the server does. */
function* allEvents(store: EventStoreDbStore, options: ReadReq.Options): Generator<StoredEvent> {
  const position = options.getAll()?.getPosition()?.getCommitPosition()
  const { all } = store
  const at = position === undefined ? undefined : firstFrom(all, BigInt(position))
  if (isBackwards(options))
    for (let index = (at ?? all.length) - 1; index >= 0; index -= 1) yield all[index] as StoredEvent
  else for (let index = at ?? 0; index < all.length; index += 1) yield all[index] as StoredEvent
}

/** Index of the first event at the position or behind it. */
function firstFrom(all: readonly StoredEvent[], position: bigint): number {
  let [low, high] = [0, all.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((all[middle] as StoredEvent).position < position) low = middle + 1
    else high = middle
  }
  return low
}

async function subscribeToAll(
  store: EventStoreDbStore,
  call: ReadCall,
  options: ReadReq.Options,
  { tellsCaughtUp, checkpointsAhead }: SubscriptionHabits,
  trace: SubscriptionTrace,
): Promise<void> {
  const filter = options.getFilter()
  const isWanted = matches(filter)
  const after = options.getAll()?.getPosition()?.getCommitPosition()
  trace.after.push(BigInt(after ?? 0))
  let next = after === undefined ? 0 : firstFrom(store.all, BigInt(after) + 1n)
  const window = filter?.hasMax() ? filter.getMax() : defaultWindow
  const interval = window * (filter?.getCheckpointintervalmultiplier() ?? 1)
  let scanned = 0
  let isCaughtUp = false

  let wake = () => {}
  const stopListening = store.onAppend(() => wake())
  call.on('cancelled', () => wake())
  const confirmation = new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(crypto.randomUUID())
  await send(call, new streams.ReadResp().setConfirmation(confirmation))
  while (!call.cancelled) {
    const event = store.all[next]
    if (event !== undefined) {
      next += 1
      scanned += 1
      trace.scannedTo = event.position
      const isDue = filter !== undefined && scanned % interval === 0
      if (isDue && checkpointsAhead) await send(call, checkpoint(event))
      if (isWanted(event)) await send(call, eventMessage(event))
      if (isDue && !checkpointsAhead) await send(call, checkpoint(event))
      // What is not sent takes no turns of the event loop by itself.
      if (scanned % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
    } else if (tellsCaughtUp && !isCaughtUp) {
      isCaughtUp = true
      await send(call, new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()))
    } else
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  stopListening()
}

function checkpoint({ position }: StoredEvent): ReadResp {
  return new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint().setCommitPosition(String(position)).setPreparePosition(String(position)),
  )
}

/** Writes, and waits while the client does not keep up; a client that has gone is not waited for. */
async function send(call: ReadCall, message: ReadResp): Promise<void> {
  if (call.write(message) || call.cancelled) return
  await new Promise<void>((resolve) => {
    const done = () => {
      call.off('drain', done)
      call.off('cancelled', done)
      resolve()
    }
    call.on('drain', done)
    call.on('cancelled', done)
  })
}
