import { pauseBeforeRetry } from '../../domain/index.ts'
import { keptAnswer } from './kept-answer.ts'
import { signatureHeaders } from './signature.ts'

/** The part of `outgoing/` that calls. */
export type CallAddress = (
  url: string,
  request: {
    readonly method: 'POST'
    readonly headers: Readonly<Record<string, string>>
    readonly body: Uint8Array
    readonly maximumBytes: number
    readonly wholeMs: number
    readonly signal?: AbortSignal | undefined
  },
) => Promise<{
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array>
  readonly discard: () => void
}>

/** What a message is sent with. */
export type OutgoingMessage = {
  readonly id: string
  readonly url: string
  readonly body: string
  /** The newest first. */
  readonly secrets: readonly Uint8Array[]
  /** Sent as it is; `null`: none. */
  readonly authorization: string | null
  readonly signal?: AbortSignal | undefined
}

/** What became of an attempt. Nothing of a receiver's answer where its address may not be called. */
export type AttemptResult = {
  readonly outcome: 'delivered' | 'failed' | 'gone'
  /** The status of the answer; `null` when there was none. */
  readonly status: number | null
  /** The first 4 KB of the answer, as UTF-8; `null` when there was none. */
  readonly answer: string | null
  /** What it failed with: `HTTP_503`, or a code of this service; `null` when it was delivered. */
  readonly failure: string | null
  /** The same for people. */
  readonly message: string | null
  /** What the receiver asked for by `Retry-After`, in milliseconds; `null` when it did not. */
  readonly retryAfterMs: number | null
}

/** A receiver gets this long for all of its answer, in milliseconds. */
const answerWithinMs = 15_000

/**
 * Sends a message once. An answer of 2xx is a delivery, whatever follows its head; 410 says that nobody is there any more;
 * everything else, redirects among it, is a failure.
 *
 * @param now in milliseconds since 1970
 */
export async function sendMessage(
  call: CallAddress,
  { id, url, body: text, secrets, authorization, signal }: OutgoingMessage,
  now: number,
): Promise<AttemptResult> {
  const body = Buffer.from(text)
  const headers = {
    'content-type': 'application/json',
    ...signatureHeaders({ id, sentAt: now, body }, secrets),
    ...(authorization === null ? {} : { authorization }),
  }
  const request = {
    method: 'POST',
    headers,
    body,
    maximumBytes: Number.MAX_SAFE_INTEGER,
    wholeMs: answerWithinMs,
  } as const
  try {
    const answered = await call(url, { ...request, signal })
    const { status } = answered
    const signatures = headers['webhook-signature'].split(' ')
    const answer = await keptAnswer(answered, [...(authorization === null ? [] : [authorization]), ...signatures])
    const retryAfterMs = retryAfter(answered.headers['retry-after'], now)
    if (status >= 200 && status < 300)
      return { outcome: 'delivered', status, answer, failure: null, message: null, retryAfterMs: null }
    return {
      outcome: status === 410 ? 'gone' : 'failed',
      status,
      answer,
      failure: `HTTP_${status}`,
      message: meaningOf(status),
      retryAfterMs,
    }
  } catch (error) {
    signal?.throwIfAborted()
    const { code = 'INTERNAL_ERROR', message } = error as Error & { readonly code?: string }
    if (!code.startsWith('OUTGOING_')) throw error
    return { outcome: 'failed', status: null, answer: null, failure: code, message, retryAfterMs: null }
  }
}

/** What comes of a failed attempt. @returns the pause before the next one, in milliseconds; `undefined` when the time is over */
export function pauseAfterAttempt(attempt: number, result: AttemptResult, remainingMs: number): number | undefined {
  const { status, retryAfterMs } = result
  return pauseBeforeRetry({ attempt, status, retryAfterMs }, remainingMs, Math.random())
}

/** Seconds, or a moment (RFC 9110 §10.2.3). */
function retryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null
  const wait = /^\d{1,9}$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - now
  return Number.isFinite(wait) && wait > 0 ? wait : null
}

function meaningOf(status: number): string {
  if (status === 410) return 'The receiver answered that nobody is there any more (410): the web hook is turned off.'
  if (status >= 300 && status < 400)
    return `The receiver answered with a redirect (${status}), which is not followed. Name the address that it leads to.`
  if (status === 401 || status === 403)
    return `The receiver does not take the message (${status}). Does it know the Authorization value?`
  return `The receiver answered ${status}; any status from 200 to 299 says that it has the message.`
}
