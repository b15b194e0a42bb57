import type { IncomingMessage } from 'node:http'
import { nodeStatementHeader } from '../../domain/index.ts'
import { ProxyRefusal } from './refusal.ts'

/** The headers of a node that are passed on. Whatever else it sends, a statement of its own included, ends here. */
const passedOn: readonly string[] = [
  'accept',
  'accept-encoding',
  'content-digest',
  'content-length',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'if-range',
  'last-event-id',
  'prefer',
  'range',
  'user-agent',
]

/** Headers that may stand once; a second one would be read otherwise by somebody on the way (RFC 9112 §6.3, §11.2). */
const once: readonly string[] = ['host', 'content-length', 'transfer-encoding', 'authorization', 'content-type']

/** Headers of one connection (RFC 9110 §7.6.1), and what only services behind the proxy say to each other. */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'set-cookie',
  nodeStatementHeader,
])

/** Who asks for what, as far as headers say it. */
export type AskedBy = {
  /** The host in small letters, without port. */
  readonly host: string
  /** As it was sent, with its port: where links lead back to. */
  readonly authority: string
}

/**
 * Reads the host that a request is for, and sees to it that its frame can be read in one way only.
 *
 * @throws ProxyRefusal `PROXY_REQUEST_MALFORMED`
 */
export function checkFrame({ rawHeaders, headers }: IncomingMessage): AskedBy {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  const repeated = once.find((name) => names.indexOf(name) !== names.lastIndexOf(name))
  if (repeated !== undefined) throw malformed(`The header ${repeated} stands there more than once.`)
  const { 'content-length': length, 'transfer-encoding': coding, host: authority = '' } = headers
  if (length !== undefined && coding !== undefined)
    throw malformed('Content-Length and Transfer-Encoding exclude each other.')
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw malformed('Content-Length is no number.')
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw malformed('The only transfer coding that is taken is chunked.')
  const [, host] = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/.exec(authority) ?? []
  if (host === undefined) throw malformed('The header Host names no host.')
  return { host: host.toLowerCase().replace(/\.$/, ''), authority }
}

/**
 * The credentials of a request with the token of the trusted build system behind them. `undefined` where it brings none: nothing
 * is added to them then.
 *
 * @throws ProxyRefusal `PROXY_TOKEN_FORBIDDEN` when the node sends such a token itself
 */
export function vouchedAuthorization({ headers }: IncomingMessage, token: string): string | undefined {
  const [, apiToken] = /^Bearer +([^ ]+) *$/i.exec(headers.authorization ?? '') ?? []
  if (apiToken === undefined) return undefined
  if (/^[A-Za-z0-9_.~+/=-]+$/.test(apiToken)) return `Bearer ${apiToken}:${token}`
  throw new ProxyRefusal(
    400,
    'PROXY_TOKEN_FORBIDDEN',
    'The Authorization header must hold an API token alone: the proxy adds the token of the trusted build system.',
  )
}

/** The headers of a request to the service. What the node sent of them is passed on as it was. */
export function headersToService(
  { headers }: IncomingMessage,
  added: { readonly authorization: string | undefined; readonly statement: string },
): Record<string, string> {
  const passed: Record<string, string> = {}
  for (const name of passedOn) {
    const value = headers[name]
    if (typeof value === 'string') passed[name] = value
  }
  if (added.authorization !== undefined) passed.authorization = added.authorization
  passed[nodeStatementHeader] = added.statement
  return passed
}

/** The headers of the service's answer to the node. Where it sends the node on to itself, that leads through the proxy. */
export function headersToNode(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  service: URL,
  { authority }: AskedBy,
): Record<string, string | string[]> {
  const passed: Record<string, string | string[]> = {}
  const named = new Set(
    String(headers.connection ?? '')
      .toLowerCase()
      .split(/\s*,\s*/),
  )
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (value === undefined || ofConnection.has(lower) || named.has(lower)) continue
    passed[lower] = lower === 'location' ? throughProxy(String(value), service, authority) : value
  }
  return passed
}

function throughProxy(location: string, service: URL, authority: string): string {
  const target = URL.parse(location)
  if (target === null || target.origin !== service.origin) return location
  return `https://${authority}${target.pathname}${target.search}`
}

/**
 * The SHA-256 that a node announces for its body (RFC 9530), hexadecimal; `null` where it does not. Of several it is the last, as the
 * service reads it.
 */
export function announcedDigest({ headers }: IncomingMessage): string | null {
  const member = String(headers['content-digest'] ?? '')
    .split(',')
    .map((each) => each.trim())
    .findLast((each) => /^sha-256\s*=/i.test(each))
  const [, base64] = /^sha-256=:([A-Za-z0-9+/]{43}=):$/i.exec(member ?? '') ?? []
  return base64 === undefined ? null : Buffer.from(base64, 'base64').toString('hex')
}

function malformed(message: string): ProxyRefusal {
  return new ProxyRefusal(400, 'PROXY_REQUEST_MALFORMED', message)
}
