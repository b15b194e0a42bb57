import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js'
import grpcStreams from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { AppendReq, AppendResp, ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import { type CallOptions, Metadata, type MetadataValue, status } from '@grpc/grpc-js'
import { clientFor, type EventStoreDbAddress } from './eventstoredb-address.ts'
import { type Answers, openAnswers } from './eventstoredb-answers.ts'
import { failureKind } from './eventstoredb-failure.ts'
import { explainAbsence } from './eventstoredb-probe.ts'

/** The calls that this log makes, each as one gRPC call of its own, on the node of a cluster that the client finds. */
export type EventStoreDbConnection = {
  /**
   * Sends one append (`Streams.Append`).
   *
   * @param limitMs how long it may take in all, the search for a node included
   * @throws the bare gRPC error; what failed by the limit may have been written
   */
  append(messages: readonly AppendReq[], limitMs: number): Promise<AppendResp>
  /** Begins a read or a subscription (`Streams.Read`). */
  read(request: ReadReq): Answers
  /** Why no node can be reached, a sentence, when a call has failed for that; `undefined` when it is not known. */
  explain(): Promise<string | undefined>
  /** Ends every call and lets the connection go. */
  close(): void
}

/** Members that the client keeps to itself, as of its version 6.2.1, which package.json pins. */
type ClientInternals = {
  getGRPCClient(service: typeof StreamsClient, debugName: string): Promise<StreamsClient>
  callArguments(options: object, callOptions?: Partial<CallOptions>): [Metadata, CallOptions]
  getChannel(): Promise<{ close(): void }>
  handleError(client: StreamsClient, error: unknown): Promise<void>
}

/**
 * Opens a client on an address. Nothing is sent yet. Of the client only the finding of nodes and the connection
 * are used:
 *
 * - its `appendToStream` keeps the appends of all clients of a process in one table, and when the server goes away while
 *   some wait, it leaves rejections that nobody can handle, which end the process;
 * - its reads have no deadline, and cannot be filtered.
 *
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID`, without the connection string, which may hold a password
 */
export function connectEventStoreDb(address: EventStoreDbAddress): EventStoreDbConnection {
  const { client, ...nodes } = clientFor(address)
  const internals = client as unknown as ClientInternals
  const open = new Set<Answers>()
  let receivedAt = 0

  // The client never closes its connection, and does not say which one it uses.
  const getChannel = internals.getChannel
  let channel: Promise<{ close(): void }> | undefined
  internals.getChannel = () => {
    channel = getChannel()
    return channel
  }

  function callArguments(deadline: Date | number): [Metadata, CallOptions] {
    const [metadata, options] = internals.callArguments({}, { deadline })
    const plain = new UncompressedMetadata()
    plain.merge(metadata)
    return [plain, options]
  }

  /** Has the client look for another node, or for the same one anew, when this one has failed or gone silent. */
  function reportFailure(streams: StreamsClient, error: unknown, since: number): void {
    const isSilent = failureKind(error) === 'deadline-exceeded' && receivedAt < since
    const failure = isSilent ? unavailable('The node answers nothing') : error
    // When the search for another node fails too, whoever makes the next call gets that error.
    internals.handleError(streams, failure).catch(() => {})
  }

  return {
    async append(messages, limitMs) {
      const begun = performance.now()
      const streams = await within(limitMs, internals.getGRPCClient(grpcStreams.StreamsClient, 'append'))
      const deadline = new Date(Date.now() + limitMs - (performance.now() - begun))
      try {
        return await new Promise((resolve, reject) => {
          const call = streams.append(...callArguments(deadline), (error, response) =>
            error === null ? resolve(response) : reject(error),
          )
          call.on('error', reject)
          call.on('metadata', noteReceived)
          for (const message of messages) call.write(message)
          call.end()
        })
      } catch (error) {
        reportFailure(streams, error, begun)
        throw error
      }
    },
    read(request) {
      const answers = openAnswers({
        received: noteReceived,
        async begin() {
          const begun = performance.now()
          const streams = await internals.getGRPCClient(grpcStreams.StreamsClient, 'read')
          const call = streams.read(request, ...callArguments(Number.POSITIVE_INFINITY))
          return { call, failed: (error) => reportFailure(streams, error, begun) }
        },
        ended: () => open.delete(answers),
      })
      open.add(answers)
      return answers
    },
    explain: () => explainAbsence(nodes),
    close() {
      for (const answers of open) answers.cancel()
      channel?.then((opened) => opened.close()).catch(() => {})
    },
  }

  function noteReceived(): void {
    receivedAt = performance.now()
  }
}

/**
 * Metadata of calls whose answers are not to be compressed. gRPC's library says of every call that it takes gzip, and
 * KurrentDB 25 then compresses each message at the highest level, which costs it seven eighths of its speed.
 */
class UncompressedMetadata extends Metadata {
  override set(key: string, value: MetadataValue): void {
    super.set(key, key === 'grpc-accept-encoding' ? 'identity' : value)
  }

  override clone(): Metadata {
    const copy = new UncompressedMetadata(this.getOptions())
    copy.merge(this)
    return copy
  }
}

async function within<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(unavailable(`No node was found within ${limitMs} ms`)), limitMs)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** What gRPC throws when a server has gone. */
function unavailable(details: string): Error {
  return Object.assign(new Error(details), { code: status.UNAVAILABLE, details, metadata: new Metadata() })
}
