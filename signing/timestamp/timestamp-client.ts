import { randomBytes } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { encodeTimestampRequest } from './timestamp-request.ts'
import { parseTimestampResponse } from './timestamp-response.ts'
import { imprintOf, verifyTimestampToken } from './verify-token.ts'

/** Gets signatures counter-signed with a time. */
export interface TimestampClient {
  /**
   * @param signature the bytes to time-stamp: for Authenticode the signature value of the signer
   * @param hash what digests them for the authority
   * @returns the token, a ContentInfo, verified
   * @throws SigningError `TIMESTAMP_UNAVAILABLE` (transient), `TIMESTAMP_REJECTED`, `TIMESTAMP_INVALID`; the signal's
   * reason when it is aborted
   */
  timestamp(signature: Uint8Array, hash: HashAlgorithm, signal?: AbortSignal): Promise<Uint8Array>
}

/** How requests reach an authority; the global `fetch` is one. */
export type TimestampTransport = (
  url: string,
  request: {
    readonly method: 'POST'
    readonly headers: Record<string, string>
    readonly body: Uint8Array<ArrayBuffer>
    readonly signal: AbortSignal
    readonly redirect: 'error'
  },
) => Promise<Response>

/** Which authorities a client asks, and how. */
export interface TimestampClientOptions {
  /** http or https addresses, tried in this order until one answers with a good token. */
  readonly urls: readonly [string, ...string[]]
  readonly transport: TimestampTransport
  /** How long one authority may take, in milliseconds. */
  readonly timeoutMs: number
  /** DER certificates that an authority must lead to; without them any authority with a sound token is taken. */
  readonly trustedCertificates?: readonly Uint8Array[]
}

const responseLimit = 1024 * 1024
const nonceLength = 8

/**
 * A client for RFC 3161 over HTTP (§3.4). Every request has a fresh nonce and asks for certificates; every token is
 * verified before it is handed out.
 *
 * @throws SigningError `TIMESTAMP_URL_INVALID`
 */
export function createTimestampClient(options: TimestampClientOptions): TimestampClient {
  for (const url of options.urls)
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new SigningError(
        'TIMESTAMP_URL_INVALID',
        'The address of a time-stamp authority must be absolute and begin with http:// or https://.',
      )
  return {
    async timestamp(signature, hash, signal) {
      const failures: SigningError[] = []
      for (const url of options.urls) {
        signal?.throwIfAborted()
        try {
          return await askAuthority(url, signature, hash, signal, options)
        } catch (failure) {
          if (!(failure instanceof SigningError)) throw failure
          failures.push(failure)
        }
      }
      throw summarise(failures)
    },
  }
}

async function askAuthority(
  url: string,
  signature: Uint8Array,
  hash: HashAlgorithm,
  signal: AbortSignal | undefined,
  options: TimestampClientOptions,
): Promise<Uint8Array> {
  const nonce = randomBytes(nonceLength)
  // The number is then positive and has all its octets, so the token must repeat exactly these.
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40
  const imprint = imprintOf(signature, hash)
  const answer = await send(url, encodeTimestampRequest(imprint, nonce), signal, options)
  const response = judging(url, () => parseTimestampResponse(answer, 'TIMESTAMP_INVALID'))
  if (response.kind === 'rejected') {
    const reasons = [response.text, response.failures.join(', ')].filter((reason) => reason !== '')
    throw new SigningError(
      'TIMESTAMP_REJECTED',
      `${place(url)} refused to time-stamp (status ${response.status}): ${reasons.join('; ') || 'it says no reason'}.`,
      { transient: response.failures.some((failure) => failure === 'systemFailure' || failure === 'timeNotAvailable') },
    )
  }
  judging(url, () =>
    verifyTimestampToken({
      token: response.token,
      imprint,
      nonce,
      area: 'TIMESTAMP',
      ...(options.trustedCertificates !== undefined && { trustedCertificates: options.trustedCertificates }),
    }),
  )
  return response.token
}

/** Whatever is wrong with what an authority says gets one code, with the address in the message. */
function judging<Result>(url: string, read: () => Result): Result {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof SigningError)) throw cause
    throw invalid(url, cause.message, cause)
  }
}

async function send(
  url: string,
  body: Uint8Array,
  signal: AbortSignal | undefined,
  options: TimestampClientOptions,
): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(options.timeoutMs)
  try {
    const response = await options.transport(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
      body: Uint8Array.from(body),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      redirect: 'error',
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new SigningError(
        response.status >= 500 || response.status === 429 || response.status === 408
          ? 'TIMESTAMP_UNAVAILABLE'
          : 'TIMESTAMP_REJECTED',
        `${place(url)} answered with HTTP status ${response.status}; 200 is expected.`,
        { transient: response.status >= 500 || response.status === 429 || response.status === 408 },
      )
    }
    return await readLimited(response, url)
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof SigningError) throw cause
    const why = timeout.aborted
      ? `did not answer within ${options.timeoutMs} ms`
      : `cannot be reached: ${reasonOf(cause)}`
    throw new SigningError('TIMESTAMP_UNAVAILABLE', `${place(url)} ${why}.`, { transient: true, cause })
  }
}

async function readLimited(response: Response, url: string): Promise<Uint8Array> {
  const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/timestamp-reply') {
    await response.body?.cancel()
    throw invalid(url, `it has the type "${type}" instead of application/timestamp-reply.`)
  }
  const parts: Uint8Array[] = []
  let length = 0
  // Leaving the loop early cancels the body.
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > responseLimit) throw invalid(url, `it has more than ${responseLimit} bytes.`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function invalid(url: string, why: string, cause?: unknown): SigningError {
  return new SigningError('TIMESTAMP_INVALID', `The answer of ${place(url)} is not usable: ${why}`, { cause })
}

/** One failure as it is; of several the first, transient when waiting may help with any of them. */
function summarise(failures: readonly SigningError[]): SigningError {
  const [first] = failures
  if (first === undefined)
    return new SigningError('TIMESTAMP_URL_INVALID', 'A time-stamp client needs at least one address.')
  if (failures.length === 1) return first
  const telling = failures.find((failure) => failure.transient) ?? first
  const all = failures.map((failure) => `${failure.code}: ${failure.message}`).join(' ')
  return new SigningError(telling.code, `None of ${failures.length} time-stamp authorities helped. ${all}`, {
    transient: telling.transient,
    cause: telling,
  })
}

/** The address without credentials or query, which may be secrets. */
function place(url: string): string {
  const parsed = URL.parse(url)
  return parsed === null ? 'The time-stamp authority' : `The time-stamp authority ${parsed.origin}${parsed.pathname}`
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown reason'
  return cause.cause instanceof Error ? cause.cause.message || cause.message : cause.message
}
