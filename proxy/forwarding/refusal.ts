import { type ServerResponse, STATUS_CODES } from 'node:http'

/** The answer "no" to a node. What led to it stands in the log. */
export class ProxyRefusal extends Error {
  /** Of HTTP. */
  readonly status: number
  /** Upper snake case, stable; listed in `docs/error-codes.md`. */
  readonly code: string
  /** Goes into the log, and not to the node. */
  readonly reason: string

  constructor(status: number, code: string, message: string, reason: string = message) {
    super(message)
    this.name = 'ProxyRefusal'
    this.status = status
    this.code = code
    this.reason = reason
  }
}

/** The node closed its connection before it had its answer. */
export class NodeLeft extends Error {}

/** The one answer to every node that is not accepted, whatever the reason. */
export function certificateRefused(): ProxyRefusal {
  return new ProxyRefusal(
    403,
    'PROXY_CERTIFICATE_REFUSED',
    'The client certificate of this machine was not accepted. The log of the proxy says why.',
  )
}

/** Answers with a problem (RFC 9457), and ends the connection, on which a body may still be on its way. */
export function answerRefusal(response: ServerResponse, { status, code, message }: ProxyRefusal): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const title = STATUS_CODES[status] ?? 'Error'
  const body = JSON.stringify({ type: 'about:blank', title, status, detail: message, code })
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    connection: 'close',
  })
  response.end(body)
}
