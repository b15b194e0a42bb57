import { randomBytes } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import { readCertificateFields, subjectOf } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'
import { retryAfter } from './retry-after.ts'
import { encodeTimestampRequest } from './timestamp-request.ts'
import { parseTimestampResponse } from './timestamp-response.ts'
import { imprintOf, type VerifiedTimestamp, verifyTimestampToken } from './verify-token.ts'

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

/** A signature to be counter-signed with a time. */
export interface TimestampDemand {
  /** The bytes to time-stamp: for Authenticode the signature value of the signer. */
  readonly signature: Uint8Array
  /** Digests them for the authority. */
  readonly hashAlgorithm: HashAlgorithm
  /** The signer's certificate, DER: a time outside its validity would make the signature invalid. */
  readonly signerCertificate: Uint8Array
  readonly signal?: AbortSignal | undefined
  /** Called before each request to an authority. */
  readonly onProgress?: (() => void) | undefined
}

/** Whom to ask, and what its answer must be like. */
export interface AuthorityRules {
  readonly transport: TimestampTransport
  /** How long an authority may take, to the last byte of its answer, in milliseconds. */
  readonly timeoutMs: number
  /** How far the time of a token may be from the local clock, in milliseconds. */
  readonly maximumSkewMs: number
  /** DER certificates that an authority must lead to; without them any authority with a sound token is taken. */
  readonly trustedCertificates?: readonly Uint8Array[]
  /** The local clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** An authority's address, with what must not be shown taken apart. */
export interface AuthorityAddress {
  /** Where to POST; may have a secret in its query. */
  readonly url: string
  /** `Authorization` header made of the user and password in the configured address. */
  readonly authorization: string | undefined
  /** The address for messages: no user, password or query. */
  readonly place: string
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
const nonceLength = 8
const answerTypes = new Set(['application/timestamp-reply', 'application/timestamp-response'])

/**
 * Reads the address of an authority.
 *
 * @throws SigningError `TIMESTAMP_URL_INVALID`
 */
export function authorityAddress(url: string): AuthorityAddress {
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new SigningError(
      'TIMESTAMP_URL_INVALID',
      'The address of a time-stamp authority must be absolute and begin with http:// or https://.',
    )
  const { username, password } = parsed
  // `fetch` takes no credentials in an address, and shows them in the error that says so.
  parsed.username = ''
  parsed.password = ''
  const authorization =
    username === '' && password === ''
      ? undefined
      : `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`
  return { url: parsed.href, authorization, place: placeOf(parsed) }
}

/**
 * Asks one authority once (RFC 3161 §3.4), with a fresh nonce and for its certificates. The token is verified, and its
 * time must be one that this signature can have been made at.
 *
 * @throws the demand's signal's reason when it is aborted; SigningError `CMS_CERTIFICATE_MALFORMED` for the signer's
 */
export async function askAuthority(
  address: AuthorityAddress,
  demand: TimestampDemand,
  rules: AuthorityRules,
): Promise<{ readonly kind: 'token'; readonly token: Uint8Array } | AuthorityFailure> {
  const nonce = randomBytes(nonceLength)
  // The number is then positive and has all its octets, so the token must repeat exactly these.
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40
  const imprint = imprintOf(demand.signature, demand.hashAlgorithm)
  const sent = rules.now()
  const answer = await send(address, encodeTimestampRequest(imprint, nonce), demand.signal, rules)
  if (!(answer instanceof Uint8Array)) return answer
  const received = rules.now()
  try {
    const response = parseTimestampResponse(answer, 'TIMESTAMP_INVALID')
    if (response.kind === 'rejected') {
      const reasons = [response.text, response.failures.join(', ')].filter((reason) => reason !== '')
      const why = reasons.join('; ') || 'it gives no reason'
      return failure('TIMESTAMP_REJECTED', `refused to time-stamp (status ${response.status}): ${why}`)
    }
    const { token } = response
    const { trustedCertificates } = rules
    const verified = verifyTimestampToken({
      token,
      imprint,
      nonce,
      area: 'TIMESTAMP',
      ...(trustedCertificates !== undefined && { trustedCertificates }),
    })
    return implausibleTime(verified, demand, { sent, received }, rules.maximumSkewMs) ?? { kind: 'token', token }
  } catch (cause) {
    if (!(cause instanceof SigningError) || cause.code.startsWith('CMS_')) throw cause
    return failure('TIMESTAMP_INVALID', `gave an answer that is not usable: ${cause.message.replace(/\.$/, '')}`, {
      cause,
    })
  }
}

/** A time that would make the signature invalid, or that can only be wrong: either clock may be. */
function implausibleTime(
  { time }: VerifiedTimestamp,
  { signerCertificate }: TimestampDemand,
  { sent, received }: { readonly sent: number; readonly received: number },
  maximumSkewMs: number,
): AuthorityFailure | undefined {
  const certificate = readCertificateFields(signerCertificate, 'CMS_CERTIFICATE_MALFORMED')
  const { notBefore, notAfter } = certificate
  const says = `says that it is ${time.toISOString()}`
  if (time < notBefore || time > notAfter)
    return failure(
      'TIMESTAMP_TIME_IMPLAUSIBLE',
      `${says}, when the signing certificate "${subjectOf(certificate)}" is not valid: it is from ` +
        `${notBefore.toISOString()} to ${notAfter.toISOString()}`,
    )
  const skew = Math.max(sent - time.getTime(), time.getTime() - received)
  if (skew > maximumSkewMs)
    return failure(
      'TIMESTAMP_TIME_IMPLAUSIBLE',
      `${says}, ${Math.round(skew / 1000)} s away from this machine's clock (${new Date(received).toISOString()}); ` +
        `${maximumSkewMs / 1000} s are tolerated`,
    )
  return undefined
}

async function send(
  address: AuthorityAddress,
  body: Uint8Array,
  signal: AbortSignal | undefined,
  { transport, timeoutMs, now }: AuthorityRules,
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
async function quotation(response: Response, { url, authorization }: AuthorityAddress): Promise<string> {
  if (!/^text\/plain\b/i.test(response.headers.get('content-type') ?? '')) return ''
  const bytes = await readAtMost(response, quotedBytes)
  const text = printable(Buffer.from(bytes ?? []).toString('utf8'), quotedCharacters)
  const { search } = new URL(url)
  // A server that repeats the request may repeat its secrets.
  return text === '' || search !== '' || authorization !== undefined ? '' : ` ("${text}")`
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

function failure(
  code: AuthorityFailure['code'],
  did: string,
  more: Pick<AuthorityFailure, 'retryAfterMs' | 'cause'> = {},
): AuthorityFailure {
  return { kind: 'failure', code, did, ...more }
}

function placeOf(url: URL): string {
  return `${url.origin}${url.pathname}`
}

function decoded(component: string): string {
  try {
    return decodeURIComponent(component)
  } catch {
    return component
  }
}

function printable(text: string, limit: number): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, limit)
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown reason'
  return cause.cause instanceof Error ? cause.cause.message || cause.message : cause.message
}
