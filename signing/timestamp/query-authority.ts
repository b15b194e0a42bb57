import { type AuthorityAddress, holdsSecrets, placeOf } from './authority-address.ts'

/** How requests reach an authority; the global `fetch` is one. */
export type TimestampTransport = (
  url: string,
  request: {
    readonly method: 'POST'
    readonly headers: Record<string, string>
    readonly body: Uint8Array<ArrayBuffer>
    readonly signal: AbortSignal
    readonly redirect: 'manual'
  },
) => Promise<Response>

/** How an authority is reached. */
export interface AuthorityConnection {
  readonly transport: TimestampTransport
  /** How long an authority may take, to the last byte of its answer, in milliseconds. */
  readonly timeoutMs: number
  /** The local clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** Why an authority's answer is no time-stamp that can be used. It concerns the authority, never what is signed. */
export interface AuthorityFailure {
  readonly kind: 'failure'
  readonly code:
    | 'TIMESTAMP_UNAVAILABLE'
    | 'TIMESTAMP_REJECTED'
    | 'TIMESTAMP_INVALID'
    | 'TIMESTAMP_TIME_IMPLAUSIBLE'
    | 'TIMESTAMP_REDIRECTED'
  /** What it did, to be read behind its name: `answered with HTTP status 403`. */
  readonly did: string
  /** How long it wants to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

const responseLimit = 1024 * 1024
/** Of what an authority says in plain text; more would only fill the log. */
const quotedBytes = 2048
const quotedCharacters = 200
const answerTypes = new Set(['application/timestamp-reply', 'application/timestamp-response'])

/**
 * Posts a query to an authority (RFC 3161 §3.4).
 *
 * @returns the bytes of the answer, whatever they say
 * @throws the signal's reason when it is aborted
 */
export async function queryAuthority(
  address: AuthorityAddress,
  body: Uint8Array,
  signal: AbortSignal | undefined,
  { transport, timeoutMs, now }: AuthorityConnection,
): Promise<Uint8Array | AuthorityFailure> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const response = await transport(address.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/timestamp-query',
        accept: 'application/timestamp-reply, application/timestamp-response',
        // What is unpacked on the way could be of any size.
        'accept-encoding': 'identity',
        ...(address.authorization !== undefined && { authorization: address.authorization }),
      },
      body: Uint8Array.from(body),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      redirect: 'manual',
    })
    const target = response.headers.get('location')
    if (response.status >= 300 && response.status < 400 && target !== null)
      return await unread(response, failure('TIMESTAMP_REDIRECTED', redirection(address, target, response.status)))
    const quote = await quotation(response, address)
    if (!response.ok)
      return await unread(
        response,
        failure(codeOf(response.status), `answered with HTTP status ${response.status}${quote}; 200 is expected`, {
          retryAfterMs: retryAfter(response.headers, now()),
        }),
      )
    const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
    if (!answerTypes.has(type)) {
      const stated = type === '' ? 'no content type' : `the content type ${printable(type, 100)}`
      return await unread(
        response,
        failure('TIMESTAMP_INVALID', `answered with ${stated}${quote}; application/timestamp-reply is expected`, {
          retryAfterMs: retryAfter(response.headers, now()),
        }),
      )
    }
    return (
      (await readAtMost(response, responseLimit)) ??
      failure('TIMESTAMP_INVALID', `gave an answer of more than ${responseLimit} bytes`)
    )
  } catch (cause) {
    signal?.throwIfAborted()
    const did = timeout.aborted ? `did not answer within ${timeoutMs} ms` : `cannot be reached: ${reasonOf(cause)}`
    return failure('TIMESTAMP_UNAVAILABLE', did, { cause })
  }
}

/** What says that the server is there and not able now, and what says that it does not want to. */
function codeOf(status: number): AuthorityFailure['code'] {
  return status >= 500 || status === 429 || status === 408 ? 'TIMESTAMP_UNAVAILABLE' : 'TIMESTAMP_REJECTED'
}

/** Where a redirect leads could be anywhere, and would be trusted with every later request. */
function redirection({ url }: AuthorityAddress, target: string, status: number): string {
  const parsed = URL.parse(target, url)
  const place = parsed === null ? 'something that is no address' : placeOf(parsed)
  return `redirects to ${place} (HTTP status ${status}), and redirects are not followed: configure the address that answers itself`
}

/** The beginning of an answer in plain text, which is where quotas and outages are explained. */
async function quotation(response: Response, address: AuthorityAddress): Promise<string> {
  if (!/^text\/plain\b/i.test(response.headers.get('content-type') ?? '')) return ''
  const bytes = await readAtMost(response, quotedBytes)
  const text = printable(Buffer.from(bytes ?? []).toString('utf8'), quotedCharacters)
  return text === '' || holdsSecrets(address) ? '' : ` ("${text}")`
}

/** The body, `undefined` when it is longer; it is then not read further. */
async function readAtMost(response: Response, limit: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  // Leaving the loop early cancels the body.
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > limit) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}

async function unread(response: Response, result: AuthorityFailure): Promise<AuthorityFailure> {
  await response.body?.cancel().catch(() => undefined)
  return result
}

/** The failure of an authority that did something. */
export function failure(
  code: AuthorityFailure['code'],
  did: string,
  more: Pick<AuthorityFailure, 'retryAfterMs' | 'cause'> = {},
): AuthorityFailure {
  return { kind: 'failure', code, did, ...more }
}

function printable(text: string, limit: number): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, limit)
    .toWellFormed()
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown reason'
  return cause.cause instanceof Error ? cause.cause.message || cause.message : cause.message
}

/**
 * How long a server asks to be left alone: `Retry-After` in seconds or as an HTTP date (RFC 9110 §10.2.3). A date counts
 * from the server's own `Date`, so that clocks that differ do no harm.
 *
 * @param now the local time, for answers without a `Date`, in milliseconds since 1970
 * @returns milliseconds, never negative; `undefined` when the server does not say
 */
function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? ''
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const until = httpDate(value)
  if (until === undefined) return undefined
  return Math.max(0, until - (httpDate(headers.get('date')?.trim() ?? '') ?? now))
}

/** The three forms that RFC 9110 §5.6.7 has begin with the day's name; `Date.parse` reads each, and much else. */
function httpDate(text: string): number | undefined {
  const time = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(utc(text)) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

/** asctime's form names no zone; all three are UTC. */
function utc(text: string): string {
  return text.endsWith('GMT') ? text : `${text} GMT`
}
