import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { EventStoreDbNodes } from './eventstoredb-address.ts'

/** How long a node has for each step, in milliseconds. */
const timeoutMs = 2_000

/** The beginning of an HTTP/2 connection (RFC 9113 §3.4): the preface and empty SETTINGS, which the server answers at once. */
const preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
])

/** Errors by which Node says that it does not trust a certificate. */
const untrusted =
  /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|(DEPTH_ZERO_)?SELF_SIGNED_CERT(_IN_CHAIN)?|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA)$/

/**
 * Finds out why nodes cannot be reached, by trying: gRPC's own message tells much of it by the word of a library, and of a
 * cluster nothing. Sends no credentials.
 *
 * @returns a sentence with what would be right; `undefined` when a node can be reached, or the reason is not known
 */
export async function explainAbsence({ nodes, tls }: EventStoreDbNodes): Promise<string | undefined> {
  const reasons = await Promise.all(nodes.slice(0, 5).map((node) => explain(node, tls)))
  return reasons.includes(undefined) ? undefined : [...new Set(reasons)].join(' ')
}

type End = { readonly data: Buffer } | { readonly error: NodeJS.ErrnoException } | 'closed' | 'late'

async function explain(
  { host, port }: EventStoreDbNodes['nodes'][number],
  tls: EventStoreDbNodes['tls'],
): Promise<string | undefined> {
  const at = `${host}:${port}`
  const trial = connectPlain({ host, port })
  const reached = await first(trial, 'connect')
  if (reached === 'late') return `${at} does not answer a connection within ${timeoutMs} ms.`
  if (typeof reached === 'object' && 'error' in reached) return unreachable(at, reached.error)

  if (tls === 'plain') {
    trial.write(preface)
    const answer = await first(trial, 'data')
    trial.destroy()
    if (typeof answer === 'object' && 'data' in answer && answer.data[3] === 4) return undefined
    if (answer === 'late') return `${at} takes connections and answers nothing.`
    return `${at} does not take a connection without TLS. Reach it by TLS: tls=true.`
  }
  trial.destroy()

  const { authorities, client } = tls
  const secure = connectTls({
    host,
    port,
    ALPNProtocols: ['h2'],
    ...(isIP(host) === 0 && { servername: host }),
    ...(authorities && { ca: authorities }),
    ...(client && { cert: client.certificate, key: client.key }),
  })
  const shaken = await first(secure, 'secureConnect')
  if (typeof shaken === 'object' && 'error' in shaken) {
    secure.destroy()
    return untrustworthy(at, shaken.error)
  }
  if (shaken === 'closed' || shaken === 'late') {
    secure.destroy()
    return `${at} does not answer TLS. If it is reached without, say so: tls=false.`
  }
  // TLS 1.3 refuses a client's certificate after the client has finished its part.
  secure.write(preface)
  const answer = await first(secure, 'data')
  secure.destroy()
  if (typeof answer === 'object' && 'data' in answer) return undefined
  if (answer === 'late') return `${at} takes connections and answers nothing.`
  return client === undefined
    ? `${at} wants a certificate of the client. Name one, and its key.`
    : `${at} does not accept the certificate of this client: it must lead to an authority that the server trusts, and be valid now.`
}

function unreachable(at: string, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ECONNREFUSED':
      return `Nothing listens at ${at}: the connection is refused. See to the server, or correct host and port.`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host of ${at} is not known.`
    default:
      return `${at} cannot be reached (${code ?? message}).`
  }
}

function untrustworthy(at: string, { code = '', message }: NodeJS.ErrnoException): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `The certificate of ${at} is for another name. Reach the server by a name that its certificate has.`
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return `The certificate of ${at} is not valid now (${code}).`
  if (untrusted.test(code))
    return `The certificate of ${at} leads to no authority that is trusted here (${code}). Name the authority that issued it.`
  if (/wrong.version.number|packet.length|http.request/i.test(`${code} ${message}`) || code === 'ECONNRESET')
    return `${at} speaks no TLS. If it is to be reached without, say so: tls=false.`
  return `TLS with ${at} fails (${code === '' ? message : code}).`
}

/** What happens first: the event, an error, the end, or nothing in time. */
function first(socket: Socket, event: 'connect' | 'secureConnect' | 'data'): Promise<End> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('late'), timeoutMs)
    const settle = (end: End) => {
      clearTimeout(timer)
      resolve(end)
    }
    socket.once(event, (data: Buffer) => settle({ data: data ?? Buffer.alloc(0) }))
    // A listener stays: an error that comes later must not end the process.
    socket.on('error', (error) => settle({ error }))
    socket.once('close', () => settle('closed'))
  })
}
