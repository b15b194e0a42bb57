import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import { oneAtATime } from '../domain/index.ts'
import type { LogPosition } from './event-log.ts'
import { runsOf } from './eventstoredb-answers.ts'
import type { EventStoreDbConnection } from './eventstoredb-connection.ts'
import { encodeEventStoreDbPosition } from './eventstoredb-events.ts'
import { allRequest, newestRequest } from './eventstoredb-requests.ts'

/** What {@link createHead} needs. */
export type HeadOptions = {
  readonly connection: EventStoreDbConnection
  /** How the names of our streams begin. */
  readonly prefix: string
  /** How long the server may be silent before a read fails, in milliseconds. */
  readonly silenceMs: number
}

/**
 * Finds the newest event of ours. The server has no index for it: it looks at every event of others behind ours. So what
 * was looked at once is remembered, and each question costs what was written since the last one.
 *
 * @returns the question; it throws the bare gRPC error
 */
export function createHead({ connection, prefix, silenceMs }: HeadOptions): () => Promise<LogPosition | undefined> {
  let newest: LogPosition | undefined
  let lookedUpTo: LogPosition | undefined
  const inTurn = oneAtATime()

  async function last(request: ReadReq): Promise<LogPosition | undefined> {
    let found: LogPosition | undefined
    for await (const messages of runsOf(connection.read(request), silenceMs))
      for (const message of messages) {
        const event = message.getEvent()?.getEvent()
        if (event !== undefined)
          found = encodeEventStoreDbPosition({
            commit: BigInt(event.getCommitPosition()),
            prepare: BigInt(event.getPreparePosition()),
          })
      }
    return found
  }

  async function ask(): Promise<LogPosition | undefined> {
    const end = await last(newestRequest())
    // An older database was put in the place of this one, or a node that lags was asked.
    const isShorter = lookedUpTo !== undefined && (end === undefined || end < lookedUpTo)
    if (isShorter) lookedUpTo = undefined
    const found = await last(lookedUpTo === undefined ? newestRequest(prefix) : allRequest(prefix, lookedUpTo))
    newest = lookedUpTo === undefined ? found : (found ?? newest)
    lookedUpTo = end
    return newest
  }

  // One after the other: each is to see what was written before it was asked.
  return () => inTurn(ask)
}
