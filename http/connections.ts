import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { networkOf } from '../domain/index.ts'
import type { Answers } from './answers.ts'
import { type FaultLog, guarded } from './guarded.ts'

/** Between two lines about connections that are closed, in milliseconds: a flood of them must not become one of lines. */
const complaintPauseMs = 60_000

/**
 * Sees to every connection before anything else does: it has an `error` listener (a reset at any moment is nobody's
 * fault), one address (of IPv6: one network of 64 bits) has at most so many, and a request that cannot be read is answered with our codes.
 *
 * @param isProxy whether an address may have any number, since many clients are behind it
 */
export function watchConnections(
  server: Server,
  options: {
    readonly maximumPerAddress: number
    readonly isProxy: (address: string) => boolean
    readonly answers: Answers
    readonly logger: FaultLog
  },
): void {
  const { maximumPerAddress, isProxy, answers, logger } = options
  const open = new Map<string, number>()

  let complainedAt = Number.NEGATIVE_INFINITY
  const complain = (fields: object) => {
    if (performance.now() - complainedAt < complaintPauseMs) return
    complainedAt = performance.now()
    logger.warn(
      { code: 'TOO_MANY_CONNECTIONS', ...fields },
      'connections beyond the limit are closed; a proxy must be named in COUNTERSIGN_TRUSTED_PROXIES',
    )
  }

  const connected = (socket: Socket) => {
    socket.on('error', () => undefined)
    if (socket.remoteAddress === undefined || isProxy(socket.remoteAddress)) return
    const address = networkOf(socket.remoteAddress)
    const count = (open.get(address) ?? 0) + 1
    if (count > maximumPerAddress) {
      socket.destroy()
      complain({ address, maximum: maximumPerAddress })
      return
    }
    open.set(address, count)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left === 0) open.delete(address)
      else open.set(address, left)
    })
  }
  const unreadable = (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET') socket.destroy()
    else answers.refuse(socket, ...refusalOf(error.code))
  }
  const destroy = (socket: Duplex) => socket.destroy()

  server.prependListener('connection', guarded('connection', logger, connected, destroy))
  server.on(
    'clientError',
    guarded('clientError', logger, unreadable, (_error, socket) => socket.destroy()),
  )
  server.on(
    'connect',
    guarded(
      'connect',
      logger,
      (_request, socket) => answers.refuse(socket, 400, 'REQUEST_MALFORMED', 'This is no proxy.'),
      (_request, socket) => socket.destroy(),
    ),
  )
  server.on(
    'drop',
    guarded('drop', logger, () => complain({ maximum: server.maxConnections })),
  )
  // For example, when the process has no file descriptor left for one more connection.
  server.on(
    'error',
    guarded('error', logger, (error) => logger.error({ err: error }, 'the HTTP server has a fault')),
  )
}

function refusalOf(code: string | undefined): readonly [status: number, code: string, detail: string] {
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'REQUEST_TOO_LARGE', 'The headers of the request are too long.']
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return [413, 'REQUEST_TOO_LARGE', 'Chunk extensions are too long.']
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'REQUEST_TOO_SLOW', 'The headers did not come in time.']
  return [400, 'REQUEST_MALFORMED', 'This is not HTTP/1.1.']
}
