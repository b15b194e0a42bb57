import { Agent, type Dispatcher } from 'undici'
import { limitedAnswer, type OutgoingAnswer } from './answer.ts'
import { checkingConnector, type Resolve, requireAllowedHost, resolveBySystem } from './connector.ts'
import { requireHeaders } from './headers.ts'
import { OutgoingError } from './outgoing-error.ts'
import { parseTarget } from './target.ts'

/** What the operator says of calls to addresses that somebody else chose. */
export type OutgoingSettings = {
  /** Whether `http://` may be called; default: `https://` only. */
  readonly allowHttp?: boolean
  /** Networks in CIDR notation that may be called although they are private, local or reserved; default: none. */
  readonly allowedNetworks?: readonly string[]
  /** How long a connection may take, with its name and TLS, in milliseconds; default: 10 seconds. */
  readonly connectMs?: number
  /** How long nothing may come, be it the head of the answer or its next bytes, in milliseconds; default: 30 seconds. */
  readonly idleMs?: number
  /** PEM; authorities of TLS certificates besides those that Node brings along. */
  readonly authorities?: string | undefined
  /** Default: as every other program of the machine. */
  readonly resolve?: Resolve
}

/** One call. */
export type OutgoingRequest = {
  readonly method: 'GET' | 'POST'
  /** As {@link requireHeaders} takes them. To another origin than the first none of them goes along. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** How often an answer that leads elsewhere is followed. Not at all by default: it is an answer as any other then. */
  readonly redirects?: number
  /** The most bytes of the answer. */
  readonly maximumBytes: number
  /** How long all of it may take, until the last byte of the answer, in milliseconds. */
  readonly wholeMs: number
  /** Ends the call with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Calls addresses that somebody else chose, by HTTP/1.1. */
export interface Outgoing {
  /**
   * Checks an address when it is said, as far as that can be done now: its form, and what its host stands for. A name that
   * is not known at the moment passes. What is called later is checked again.
   *
   * @throws OutgoingError `OUTGOING_URL_INVALID`, `OUTGOING_ADDRESS_REFUSED`
   */
  checkTarget(url: string): Promise<URL>
  /**
   * Calls, and answers as soon as the head of the answer is there, whatever its status. The answer is asked for as it is,
   * not packed.
   *
   * @throws OutgoingError as its codes say; the signal's reason
   */
  request(url: string, request: OutgoingRequest): Promise<OutgoingAnswer>
  /** Ends what is under way. */
  close(): Promise<void>
}

/** The same for every name and server: who calls, and no more. */
const userAgent = 'countersign'

/** Opens the way to addresses that somebody else chose. */
export function openOutgoing(settings: OutgoingSettings): Outgoing {
  const { allowHttp = false, allowedNetworks = [], authorities, resolve = resolveBySystem } = settings
  const { connectMs = 10_000, idleMs = 30_000 } = settings
  const agent = new Agent({
    allowH2: false,
    // A connection for each call: none is kept whose other end may have gone.
    pipelining: 0,
    connect: checkingConnector({ allowedNetworks, authorities, connectMs, resolve }),
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
  })

  async function send(url: URL, request: OutgoingRequest, headers: Readonly<Record<string, string>>, limit: Limit) {
    const { method, body = null } = request
    const own = { 'user-agent': userAgent, accept: '*/*', 'accept-encoding': 'identity' }
    try {
      return await agent.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { ...own, ...lowerCased(headers) },
        body,
        signal: limit.signal,
      })
    } catch (error) {
      throw limit.translate(error)
    }
  }

  return {
    async checkTarget(text) {
      const url = parseTarget(text, { allowHttp })
      await within(connectMs, requireAllowedHost(url.hostname, { allowedNetworks, resolve }))
      return url
    },

    async request(text, request) {
      const { redirects = 0, maximumBytes } = request
      const first = parseTarget(text, { allowHttp })
      let headers = request.headers ?? {}
      requireHeaders(headers)
      const limit = limitOf(request, first)
      for (let [url, followed] = [first, 0]; ; followed += 1) {
        const answer = await send(url, request, headers, limit)
        const next = redirects === 0 ? undefined : leadsTo(answer, url, request.method)
        if (next === undefined) return limitedAnswer(answer, { url, maximumBytes, translate: limit.translate })
        answer.body.on('error', () => undefined).destroy()
        if (followed === redirects) throw refusedRedirect(url, `it leads elsewhere more than ${redirects} times`)
        const target = redirectTarget(next, url, allowHttp)
        if (target.origin !== url.origin) headers = {}
        url = target
      }
    },

    close: () => agent.destroy(),
  }
}

/** How long a call may take, and what an error means that came meanwhile. */
type Limit = { readonly signal: AbortSignal; readonly translate: (error: unknown) => unknown }

function limitOf({ wholeMs, signal }: OutgoingRequest, { origin }: URL): Limit {
  const timeout = AbortSignal.timeout(wholeMs)
  return {
    signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    translate(error) {
      if (error instanceof OutgoingError) return error
      if (signal?.aborted === true) return signal.reason
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (timeout.aborted || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
        return new OutgoingError('OUTGOING_TIMED_OUT', `${origin} did not answer, or not to the end, in time.`, error)
      return new OutgoingError(
        'OUTGOING_INTERRUPTED',
        `The connection to ${origin} ended before the answer did, or what came is no answer of HTTP.`,
        error,
      )
    },
  }
}

/** Where an answer leads (RFC 9110 §15.4); only what is asked for by GET is followed. */
function leadsTo(answer: Dispatcher.ResponseData, url: URL, method: string): string | undefined {
  if (method !== 'GET' || ![301, 302, 303, 307, 308].includes(answer.statusCode)) return undefined
  const { location } = answer.headers
  if (typeof location === 'string' && location !== '') return location
  answer.body.on('error', () => undefined).destroy()
  throw refusedRedirect(url, 'it leads elsewhere without saying where')
}

function redirectTarget(location: string, from: URL, allowHttp: boolean): URL {
  const absolute = URL.parse(location, from)
  if (absolute === null) throw refusedRedirect(from, 'where it leads is no address')
  if (from.protocol === 'https:' && absolute.protocol === 'http:')
    throw refusedRedirect(from, 'it leads from https to http')
  try {
    return parseTarget(absolute.href, { allowHttp })
  } catch {
    throw refusedRedirect(from, 'it leads to an address that may not be called')
  }
}

function refusedRedirect({ origin }: URL, why: string): OutgoingError {
  return new OutgoingError('OUTGOING_REDIRECT_REFUSED', `The answer of ${origin} is not followed: ${why}.`)
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** What takes longer than its time is let pass: it is checked again when it matters. */
async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work, over]).finally(() => clearTimeout(timer))
}
