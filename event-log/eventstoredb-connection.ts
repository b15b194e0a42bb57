import { EventStoreDBClient } from '@eventstore/db-client'
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js'
import grpcStreams from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { AppendReq, AppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { CallOptions, Metadata } from '@grpc/grpc-js'
import { EventLogError } from './event-log.ts'

/** The client, and the two things that it does not do as this log needs them. */
export type EventStoreDbConnection = {
  /** For reads and subscriptions. */
  readonly client: EventStoreDBClient
  /** Sends one append as one call of its own (`Streams.Append`); rejects with the bare gRPC error. */
  append(messages: readonly AppendReq[]): Promise<AppendResp>
  /** Ends every call and lets the connection go. */
  close(): void
}

/** Members that the client keeps to itself, as of its version 6.2.1, which package.json pins. */
type ClientInternals = {
  execute<T>(
    service: typeof StreamsClient,
    debugName: string,
    action: (client: StreamsClient) => Promise<T>,
  ): Promise<T>
  callArguments(options: object): [Metadata, CallOptions]
  getChannel(): Promise<{ close(): void }>
  handleError(client: unknown, error: Error): Promise<void>
}

/**
 * Opens a client on a connection string. Nothing is sent yet.
 *
 * The client's own `appendToStream` is not used: by `BatchAppend` it keeps the appends of all clients of a process in one
 * table, and when the server goes away while some wait, it leaves rejections that nobody can handle, which end the process.
 *
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID`, without the string, which holds a password
 */
export function connectEventStoreDb(connectionString: string): EventStoreDbConnection {
  const client = parse(connectionString)
  const internals = client as unknown as ClientInternals

  // The client calls this after a failure and leaves its promise alone; when the search for another node of a cluster
  // fails too, that rejection would end the process. Whoever waits for the call has the error already.
  const handleError = internals.handleError
  internals.handleError = (grpcClient, error) => handleError(grpcClient, error).catch(() => {})

  // The client never closes its connection, and does not say which one it uses.
  const getChannel = internals.getChannel
  let channel: Promise<{ close(): void }> | undefined
  internals.getChannel = () => {
    channel = getChannel()
    return channel
  }

  return {
    client,
    append: (messages) =>
      internals.execute(
        grpcStreams.StreamsClient,
        'append',
        (streams) =>
          new Promise((resolve, reject) => {
            const call = streams.append(...internals.callArguments({}), (error, response) =>
              error === null ? resolve(response) : reject(error),
            )
            call.on('error', reject)
            for (const message of messages) call.write(message)
            call.end()
          }),
      ),
    close: () => {
      // It cancels every call at once and then waits for consumers to take what has arrived, which they need not.
      client.dispose().catch(() => {})
      channel?.then((open) => open.close()).catch(() => {})
    },
  }
}

function parse(connectionString: string): EventStoreDBClient {
  try {
    return EventStoreDBClient.connectionString(connectionString)
  } catch {
    throw new EventLogError(
      'EVENT_LOG_ARGUMENT_INVALID',
      'The EventStoreDB connection string must look like esdb://user:password@host:2113?tls=true, and the files that it names must exist.',
    )
  }
}
