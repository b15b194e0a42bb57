import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { ServerWritableStream } from '@grpc/grpc-js'
import { eventMessage, matches, streamIdentifier, streamName } from './messages.ts'
import type { EventStoreDbStore, StoredEvent } from './store.ts'

type ReadCall = ServerWritableStream<ReadReq, ReadResp>

/** Events that the server looks at between two checkpoints of a filtered subscription, times the client's multiplier. */
const checkpointWindow = 32

/** Answers `Streams.Read`: one stream or `$all`, forwards or backwards, to an end or as a subscription that stays. */
export async function answerRead(store: EventStoreDbStore, call: ReadCall, tellsCaughtUp: boolean): Promise<void> {
  const options = call.request.getOptions()
  if (options === undefined) throw new Error('A read without options')
  if (options.hasSubscription()) await subscribeToAll(store, call, options, tellsCaughtUp)
  else await readOnce(store, call, options)
  call.end()
}

async function readOnce(store: EventStoreDbStore, call: ReadCall, options: ReadReq.Options): Promise<void> {
  const isBackwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
  const source = options.hasStream() ? streamEvents(store, call, options) : allEvents(store, options, isBackwards)
  const inOrder = isBackwards ? source.toReversed() : source
  let left = BigInt(options.getCount())
  for (const event of inOrder) {
    if (left === 0n || call.cancelled) return
    left -= 1n
    await send(call, eventMessage(event))
  }
}

function streamEvents(store: EventStoreDbStore, call: ReadCall, options: ReadReq.Options): readonly StoredEvent[] {
  const stream = options.getStream()
  const streamId = streamName(stream?.getStreamIdentifier())
  const events = store.stream(streamId)
  if (events.length === 0)
    call.write(
      new streams.ReadResp().setStreamNotFound(
        new streams.ReadResp.StreamNotFound().setStreamIdentifier(streamIdentifier(streamId)),
      ),
    )
  if (!stream?.hasRevision()) return events
  const revision = Number(stream.getRevision())
  const isBackwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
  return isBackwards ? events.slice(0, revision + 1) : events.slice(revision)
}

/** `$all` from a position on, inclusive forwards and exclusive backwards, as the server does. */
function allEvents(store: EventStoreDbStore, options: ReadReq.Options, isBackwards: boolean): readonly StoredEvent[] {
  const position = options.getAll()?.getPosition()?.getCommitPosition()
  if (position === undefined) return [...store.all]
  const from = BigInt(position)
  return store.all.filter((event) => (isBackwards ? event.position < from : event.position >= from))
}

async function subscribeToAll(
  store: EventStoreDbStore,
  call: ReadCall,
  options: ReadReq.Options,
  tellsCaughtUp: boolean,
): Promise<void> {
  const filter = options.getFilter()
  const isWanted = matches(filter)
  const after = options.getAll()?.getPosition()?.getCommitPosition()
  let next = after === undefined ? 0 : store.all.findIndex(({ position }) => position > BigInt(after))
  if (next === -1) next = store.all.length
  const interval = checkpointWindow * (filter?.getCheckpointintervalmultiplier() ?? 1)
  let isCaughtUp = false

  let wake = () => {}
  const stopListening = store.onAppend(() => wake())
  call.on('cancelled', () => wake())
  await send(
    call,
    new streams.ReadResp().setConfirmation(
      new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(crypto.randomUUID()),
    ),
  )
  while (!call.cancelled) {
    const event = store.all[next]
    if (event !== undefined) {
      next += 1
      if (isWanted(event)) await send(call, eventMessage(event))
      if (filter !== undefined && next % interval === 0) await send(call, checkpoint(event))
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
