import type { IncomingMessage } from 'node:http'
import { CloseCode, type Server } from 'graphql-ws'
import type { WebSocket } from 'ws'
import { type FaultLog, guarded } from '../http/index.ts'

/** What operations see of their connection. */
export type Extra = { readonly socket: WebSocket; readonly request: IncomingMessage }

/** Between two questions whether the client is still there, in milliseconds; it must answer one before the next. */
const heartbeatMs = 12_000

/** How many bytes may wait for a client that reads slowly, besides one result of each subscription. */
const maximumBuffered = 1024 * 1024

/**
 * Serves one WebSocket: passes messages on and sees to what the sub-protocol leaves open. The connection ends when
 *
 * - a frame breaks RFC 6455: with the code that the RFC says (1002, 1007, 1009), and one line in the log,
 * - a message breaks the sub-protocol: 4400; a binary one: 1003,
 * - the client does not answer a ping before the next one, or lets answers pile up instead of reading them.
 */
export function serveConnection(
  socket: WebSocket,
  request: IncomingMessage,
  server: Server<Extra>,
  logger: FaultLog,
): void {
  const fail = () => socket.terminate()
  const on = (name: string, handler: (...args: never[]) => void | Promise<void>) =>
    socket.on(name, guarded(`websocket ${name}`, logger, handler, fail))
  const readsTooSlowly = () => {
    if (socket.bufferedAmount <= maximumBuffered) return false
    logger.warn({ code: 'WEBSOCKET_READER_TOO_SLOW' }, 'a WebSocket client does not read its answers')
    socket.terminate()
    return true
  }

  on('error', ({ message }: Error) => {
    logger.warn({ code: 'WEBSOCKET_MALFORMED', reason: message }, 'a WebSocket client broke the protocol')
  })
  // Pongs are answers too: who only asks and never reads would fill the memory.
  on('ping', (data: Buffer) => {
    if (!readsTooSlowly()) socket.pong(data)
  })

  let answered = true
  on('pong', () => {
    answered = true
  })
  const heartbeat = setInterval(
    guarded(
      'websocket heartbeat',
      logger,
      () => {
        if (!answered) socket.terminate()
        else if (socket.readyState === socket.OPEN) {
          answered = false
          socket.ping()
        }
      },
      fail,
    ),
    heartbeatMs,
  )
  heartbeat.unref()

  const closed = server.opened(
    {
      protocol: socket.protocol,
      // Settles when the system has taken the bytes: a subscription whose client does not read yields nothing more.
      send: (text) =>
        new Promise((resolve, reject) => {
          if (socket.readyState !== socket.OPEN) resolve()
          else socket.send(text, (error) => (error == null ? resolve() : reject(error)))
        }),
      close: (code, reason) => socket.close(code, closeReason(reason ?? '')),
      onMessage: (receive) => {
        on('message', async (data: Buffer, isBinary: boolean) => {
          if (readsTooSlowly()) return
          if (isBinary) return socket.close(1003, 'Messages are text.')
          try {
            await receive(data.toString())
          } catch (error) {
            // The connection is gone: whatever was to be sent concerns nobody.
            if (socket.readyState !== socket.OPEN) return
            if (isUnexpectedType(error)) return socket.close(CloseCode.BadRequest, 'Only servers send such messages.')
            logger.error({ err: error }, 'a WebSocket message failed unexpectedly')
            socket.close(CloseCode.InternalServerError, 'INTERNAL_ERROR')
          }
        })
      },
    },
    { socket, request },
  )
  on('close', async (code: number, reason: Buffer) => {
    clearInterval(heartbeat)
    await closed(code, String(reason))
  })
}

/** Text that fits into a close frame: 123 bytes at most (RFC 6455 §5.5), whole characters. */
export function closeReason(text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(123))
  return text.slice(0, read)
}

// A message that the sub-protocol knows, from the wrong side.
function isUnexpectedType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected message of type')
}
