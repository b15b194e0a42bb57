import type { Http2Server, IncomingHttpHeaders } from 'node:http2'
import grpcStreams from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { AppendReq, AppendResp, ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerReadableStream,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import type { TlsIdentity } from '../tls-authority.ts'
import { type InjectedFailure, serviceError } from './failures.ts'
import { appendAnswer, appendTarget, proposedEvent } from './messages.ts'
import { answerRead, type SubscriptionHabits, type SubscriptionTrace } from './read.ts'
import type { EventStoreDbStore, ProposedEvent } from './store.ts'

export { createStore, type EventStoreDbStore, type ProposedEvent } from './store.ts'

/** The server's default for `MaxAppendSize`, in bytes of all events of an append with their metadata. */
const maxAppendSize = 1024 * 1024
/** A larger message is refused before anybody looks at it. */
const maxMessageSize = 4 * 1024 * 1024

/** What may differ between servers and between their versions. */
export type StandInOptions = Partial<SubscriptionHabits> & {
  /** Port to listen on; free by default. Give the former one to come back where clients look. */
  readonly port?: number
  /** Old servers leave the position out when they recognise a retry. */
  readonly leavesOutPosition?: boolean
  /** TLS with this certificate, and, with an authority for them, with certificates of clients. */
  readonly tls?: { readonly identity: TlsIdentity; readonly clientAuthority?: Buffer }
  /** Only these may do anything: passwords by users. */
  readonly users?: Readonly<Record<string, string>>
}

/** A running server. */
export type EventStoreDbStandIn = {
  readonly port: number
  readonly connectionString: string
  /** How many calls clients have begun. */
  calls(): number
  /** How many reads and subscriptions are being answered. */
  openReads(): number
  /** Behind which positions subscriptions began. */
  subscribedAfter(): readonly bigint[]
  /** The last event that was looked at for a subscription. */
  scannedTo(): bigint | undefined
  /** Lets the next call, append or read, fail. */
  failNext(failure: InjectedFailure): void
  /** Answers nothing and closes nothing from here on, as a process does that was stopped, until what it returns is called. */
  freeze(): () => void
  /** Goes away as a killed process does: connections break in the middle of their calls. */
  kill(): Promise<void>
}

/**
 * Starts a stand-in for EventStoreDB on 127.0.0.1: the `Streams` service of its gRPC protocol (reads and subscriptions, with
 * filters, confirmation, checkpoints and caught-up marks; appends by expected revision with recognised event ids; limits).
 * Clients that take compressed answers are refused: a real server would compress each message at its highest level.
 */
export async function startEventStoreDbStandIn(
  store: EventStoreDbStore,
  options: StandInOptions = {},
): Promise<EventStoreDbStandIn> {
  const { port: wanted = 0, tellsCaughtUp = true, checkpointsAhead = false, leavesOutPosition = false } = options
  const failures: InjectedFailure[] = []
  const trace: SubscriptionTrace = { after: [], scannedTo: undefined }
  let calls = 0
  let openReads = 0
  let thawed: Promise<void> = Promise.resolve()
  store.forgetIds()

  async function append(call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>) {
    const messages: AppendReq[] = []
    for await (const message of call) messages.push(message)
    const cutOff = call.cancelled
    await thawed
    // What was cut off is not written; what had arrived whole is, whether or not somebody still waits for the answer.
    if (cutOff) return
    const refusal = refusalOf(call.metadata, options.users) ?? failures.shift()
    if (refusal !== undefined && refusal.afterWriting !== true) return answer(serviceError(refusal))
    const target = messages[0]?.getOptions()
    if (target === undefined) return answer(serviceError({ code: status.INVALID_ARGUMENT }))
    const { streamId, expected } = appendTarget(target)
    const proposed = messages.slice(1).flatMap((message) => message.getProposedMessage() ?? [])
    const events = proposed.map(proposedEvent)
    if (sizeOf(events) > maxAppendSize)
      return answer(
        serviceError({
          code: status.INVALID_ARGUMENT,
          exception: 'maximum-append-size-exceeded',
          details: `Maximum Append Size of ${maxAppendSize} Exceeded`,
        }),
      )
    const outcome = store.append(streamId, expected, events)
    if (refusal !== undefined) return answer(serviceError(refusal))
    if (outcome.kind === 'streamDeleted')
      return answer(serviceError({ code: status.FAILED_PRECONDITION, exception: 'stream-deleted' }, streamId))
    answer(null, appendAnswer(outcome, expected, leavesOutPosition))
  }

  async function read(call: ServerWritableStream<ReadReq, ReadResp>): Promise<void> {
    await thawed
    const refusal = refusalOf(call.metadata, options.users) ?? failures.shift()
    if (refusal !== undefined) throw serviceError(refusal)
    await answerRead(store, call, { tellsCaughtUp, checkpointsAhead }, trace)
  }

  const server = new Server({ 'grpc.max_receive_message_length': maxMessageSize })
  server.addService(grpcStreams.StreamsService, {
    append: (call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>) => {
      calls += 1
      // A client that went away while it was sending waits for no answer.
      append(call, answer).catch(() => {})
    },
    read: (call: ServerWritableStream<ReadReq, ReadResp>) => {
      calls += 1
      openReads += 1
      read(call)
        .catch((error: unknown) => call.emit('error', error))
        .finally(() => {
          openReads -= 1
        })
    },
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${wanted}`, credentialsOf(options.tls), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  keepAcceptedEncodings(server)
  return {
    port,
    connectionString: `esdb://127.0.0.1:${port}?tls=${options.tls !== undefined}`,
    calls: () => calls,
    openReads: () => openReads,
    subscribedAfter: () => trace.after,
    scannedTo: () => trace.scannedTo,
    failNext: (failure) => failures.push(failure),
    freeze() {
      const { promise, resolve } = Promise.withResolvers<void>()
      thawed = promise
      return resolve
    },
    kill: async () => server.forceShutdown(),
  }
}

/** Where the encodings that a client takes are kept; gRPC's own field does not reach those who answer calls. */
const acceptedEncodings = 'stand-in-accepted-encodings'

function keepAcceptedEncodings(server: Server): void {
  const { http2Servers } = server as unknown as { readonly http2Servers: ReadonlyMap<Http2Server, unknown> }
  for (const http2 of http2Servers.keys())
    http2.prependListener('stream', (_stream: unknown, headers: IncomingHttpHeaders) => {
      headers[acceptedEncodings] = String(headers['grpc-accept-encoding'])
    })
}

function refusalOf(metadata: Metadata, users: StandInOptions['users']): InjectedFailure | undefined {
  const [encodings] = metadata.get(acceptedEncodings)
  if (encodings !== 'identity')
    return {
      code: status.INTERNAL,
      details: `The client takes ${encodings}, which costs a server seven eighths of its reads.`,
    }
  if (users === undefined) return undefined
  const [, basic = ''] = String(metadata.get('authorization')[0]).split(' ')
  const [, user = '', password] = /^([^:]*):(.*)$/s.exec(Buffer.from(basic, 'base64').toString()) ?? []
  return password !== undefined && users[user] === password ? undefined : { code: status.UNAUTHENTICATED }
}

function credentialsOf(tls: StandInOptions['tls']): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure()
  const pair = { cert_chain: tls.identity.certificate, private_key: tls.identity.key }
  return ServerCredentials.createSsl(tls.clientAuthority ?? null, [pair], tls.clientAuthority !== undefined)
}

/** As the server counts it: names of types are two bytes a letter. */
function sizeOf(events: readonly ProposedEvent[]): number {
  return events.reduce((size, { type, data, metadata }) => size + 2 * type.length + data.length + metadata.length, 0)
}
