import { STATUS_CODES } from 'node:http'
import { Refusal } from '../domain/index.ts'
import type { OutgoingAnswer } from '../outgoing/index.ts'

/** The server of a link answered that it cannot give the artifact now. */
export class LinkUnavailable extends Error {
  readonly code = 'LINK_UNAVAILABLE'
  readonly transient = true
  /** How long it wants to be left alone, in milliseconds. */
  readonly retryAfterMs: number

  constructor(message: string, retryAfterMs: number) {
    super(message)
    this.name = 'LinkUnavailable'
    this.retryAfterMs = retryAfterMs
  }
}

/** The longest that a server is left alone because it says so, in milliseconds. */
const longestPause = 3_600_000

/** Statuses, besides those from 500 on, that say that the same call may succeed later (RFC 9110 §15.5, RFC 8470, RFC 6585). */
const passing: ReadonlySet<number> = new Set([408, 425, 429])

/**
 * The answer, if it is the artifact.
 *
 * @throws LinkUnavailable; Refusal `LINK_REFUSED`, `LINK_LENGTH_UNKNOWN` when nobody could tell a part of it from the whole
 */
export function expectedAnswer(
  answer: OutgoingAnswer,
  { isDigestKnown }: { readonly isDigestKnown: boolean },
): OutgoingAnswer {
  const { status, headers, url, saysItsEnd } = answer
  if (status === 200 && (saysItsEnd || isDigestKnown)) return answer
  answer.discard()
  if (status === 200)
    throw new Refusal(
      'LINK_LENGTH_UNKNOWN',
      `${url.origin} does not say where the artifact ends, and the submission names no SHA-256: a part could not be told from the whole. Name the SHA-256.`,
    )
  const said = `${url.origin} answered ${`${status} ${STATUS_CODES[status] ?? ''}`.trim()} in place of the artifact.`
  if (status >= 500 || passing.has(status)) throw new LinkUnavailable(said, retryAfter(headers['retry-after']))
  throw new Refusal('LINK_REFUSED', said, { status })
}

/** RFC 9110 §10.2.3: seconds, or a moment. */
function retryAfter(header: string | undefined): number {
  if (header === undefined) return 0
  const pause = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  return Number.isNaN(pause) ? 0 : Math.min(Math.max(0, pause), longestPause)
}
