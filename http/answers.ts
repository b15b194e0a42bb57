import type { Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type FaultLog, guarded } from './guarded.ts'
import { refuseConnection } from './refuse-connection.ts'

/** The answers that a server is sending. */
export type Answers = {
  /** Whether an answer has begun on a connection and not ended. */
  readonly areBeingSentOn: (connection: Duplex) => boolean
  /**
   * Answers with a problem, as {@link refuseConnection} does. While another answer is being sent, to an earlier request of the
   * same connection, the connection is cut instead: the problem would be read as a part of that answer.
   */
  readonly refuse: (connection: Duplex, status: number, code: string, detail: string) => void
}

/** Follows the answers of a server. Several requests of one connection may be under way at once (RFC 9112 §9.3.2). */
export function watchAnswers(server: Server, logger: FaultLog): Answers {
  const underWay = new WeakMap<Duplex, Set<ServerResponse>>()
  server.prependListener(
    'request',
    guarded('request', logger, ({ socket }, response) => {
      const answers = underWay.get(socket) ?? new Set()
      underWay.set(socket, answers.add(response))
      response.once('close', () => answers.delete(response))
    }),
  )
  const areBeingSentOn = (connection: Duplex) =>
    [...(underWay.get(connection) ?? [])].some(({ headersSent }) => headersSent)
  return {
    areBeingSentOn,
    refuse(connection, ...problem) {
      if (areBeingSentOn(connection)) connection.destroy()
      else refuseConnection(connection, ...problem)
    },
  }
}
