import grpcStreams from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { AppendReq, AppendResp, ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerReadableStream,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { appendAnswer, appendTarget, proposedEvent } from './messages.ts'
import { answerRead } from './read.ts'
import type { EventStoreDbStore } from './store.ts'

export { createStore, type EventStoreDbStore } from './store.ts'

/** The server's default for `MaxAppendSize`, in bytes of data. */
const maxAppendSize = 1024 * 1024

/** How a call fails that a test wants to fail. */
export type InjectedFailure = {
  readonly code: status
  /** The metadata field `exception`, by which the server says what is wrong. */
  readonly exception?: string
  /** Appends: write first, then fail, as when the answer is lost on the way. */
  readonly afterWriting?: boolean
}

/** What may differ between versions of the server. */
export type StandInOptions = {
  /** Port to listen on; free by default. Give the former one to come back where clients look. */
  readonly port?: number
  /** Servers before 23.10 never say that a subscriber has caught up. */
  readonly tellsCaughtUp?: boolean
  /** Old servers leave the position out when they recognise a retry. */
  readonly leavesOutPosition?: boolean
}

/** A running server. */
export type EventStoreDbStandIn = {
  readonly port: number
  readonly connectionString: string
  /** How many reads and subscriptions are being answered. */
  openReads(): number
  /** Lets the next call, append or read, fail. */
  failNext(failure: InjectedFailure): void
  /** Goes away as a killed process does: connections break in the middle of their calls. */
  kill(): Promise<void>
}

/**
 * Starts a stand-in for EventStoreDB on 127.0.0.1: the `Streams` service of its gRPC protocol (reads, subscriptions with
 * confirmation, checkpoints and caught-up marks, appends by expected revision with recognised event ids), without TLS.
 */
export async function startEventStoreDbStandIn(
  store: EventStoreDbStore,
  { port: wanted = 0, tellsCaughtUp = true, leavesOutPosition = false }: StandInOptions = {},
): Promise<EventStoreDbStandIn> {
  const failures: InjectedFailure[] = []
  let openReads = 0

  async function append(call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>) {
    const messages: AppendReq[] = []
    for await (const message of call) messages.push(message)
    const failure = failures.shift()
    if (failure !== undefined && failure.afterWriting !== true) return answer(serviceError(failure))
    const options = messages[0]?.getOptions()
    if (options === undefined) return answer(serviceError({ code: status.INVALID_ARGUMENT }))
    const { streamId, expected } = appendTarget(options)
    const proposed = messages.slice(1).flatMap((message) => message.getProposedMessage() ?? [])
    const events = proposed.map(proposedEvent)
    if (events.reduce((size, { data }) => size + data.length, 0) > maxAppendSize)
      return answer(serviceError({ code: status.INVALID_ARGUMENT, exception: 'maximum-append-size-exceeded' }))
    const outcome = store.append(streamId, expected, events)
    if (failure !== undefined) return answer(serviceError(failure))
    answer(null, appendAnswer(outcome, expected, leavesOutPosition))
  }

  function read(call: ServerWritableStream<ReadReq, ReadResp>) {
    const failure = failures.shift()
    if (failure !== undefined) return void call.emit('error', serviceError(failure))
    openReads += 1
    answerRead(store, call, tellsCaughtUp)
      .catch((error: unknown) => call.emit('error', error))
      .finally(() => {
        openReads -= 1
      })
  }

  const server = new Server({ 'grpc.max_receive_message_length': 16 * 1024 * 1024 })
  server.addService(grpcStreams.StreamsService, {
    append: (call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>) => {
      // A client that went away while it was sending waits for no answer.
      append(call, answer).catch(() => {})
    },
    read,
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${wanted}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  return {
    port,
    connectionString: `esdb://127.0.0.1:${port}?tls=false`,
    openReads: () => openReads,
    failNext: (failure) => failures.push(failure),
    kill: async () => server.forceShutdown(),
  }
}

function serviceError({ code, exception }: InjectedFailure): Partial<ServiceError> {
  const metadata = new Metadata()
  if (exception !== undefined) metadata.set('exception', exception)
  metadata.set('stream-name', 'the stream of the call')
  return { code, details: exception ?? status[code], metadata }
}
