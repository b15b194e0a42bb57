import { OriginError } from '../origin-error.ts'

/** What is used when a server says that it was asked too often, and not until when, in milliseconds. */
const usualPauseMs = 60_000
/** The longest that a server is left alone because it says so, in milliseconds. */
const longestPauseMs = 3_600_000
/** The most credentials of which pauses are remembered. */
const mostPauses = 1_000

type Headers = Readonly<Record<string, string>>

/** Remembers until when an API wants to be left alone by whom. */
export type RateLimits = {
  /** @throws OriginError `ORIGIN_API_RATE_LIMITED`, passing, while the pause lasts */
  readonly requireOpen: (key: string, system: string) => void
  /** Learns from the headers of an answer. */
  readonly learn: (key: string, headers: Headers) => void
  readonly pause: (key: string, milliseconds: number) => void
}

/** @param now milliseconds since 1970 */
export function createRateLimits(now: () => number): RateLimits {
  const until = new Map<string, number>()

  function pause(key: string, milliseconds: number): void {
    until.delete(key)
    until.set(key, now() + milliseconds)
    for (const oldest of until.keys()) {
      if (until.size <= mostPauses) break
      until.delete(oldest)
    }
  }

  return {
    requireOpen(key, system) {
      const left = (until.get(key) ?? 0) - now()
      if (left > 0) throw rateLimited(system, left)
      until.delete(key)
    },
    learn(key, headers) {
      if (remaining(headers) === 0) pause(key, resetIn(headers, now()) ?? 0)
    },
    pause,
  }
}

/** Says that an API was asked as often as it allows. */
export function rateLimited(system: string, retryAfterMs: number): OriginError {
  const seconds = Math.ceil(retryAfterMs / 1_000)
  return new OriginError(
    'ORIGIN_API_RATE_LIMITED',
    `${system} was asked as often as it allows with these credentials. It is asked again in ${seconds} s.`,
    { isPassing: true, retryAfterSeconds: seconds },
  )
}

/**
 * How long an answer asks to be left alone, in milliseconds; undefined when it is no refusal because of frequency. 429
 * always is one (RFC 6585 §4); 403 is where the headers or the text say so, as GitHub does.
 */
export function pauseAskedFor(status: number, headers: Headers, text: string, now: number): number | undefined {
  const isExhausted = remaining(headers) === 0
  const says = headers['retry-after'] !== undefined || isExhausted || /rate limit/i.test(text)
  if (status !== 429 && !(status === 403 && says)) return undefined
  return retryAfter(headers, now) ?? (isExhausted ? resetIn(headers, now) : undefined) ?? usualPauseMs
}

/** RFC 9110 §10.2.3: seconds, or a moment. In milliseconds. */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const header = headers['retry-after']
  if (header === undefined) return undefined
  return bounded(/^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now)
}

/** `X-RateLimit-Remaining` (GitHub, Azure DevOps), `RateLimit-Remaining` (GitLab). */
function remaining(headers: Headers): number | undefined {
  const text = headers['x-ratelimit-remaining'] ?? headers['ratelimit-remaining']
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** When the limit begins anew: a moment in seconds since 1970, or, where the number is too small for one, seconds from now. */
function resetIn(headers: Headers, now: number): number | undefined {
  const text = headers['x-ratelimit-reset'] ?? headers['ratelimit-reset']
  if (text === undefined || !/^\d{1,12}$/.test(text)) return undefined
  const seconds = Number(text)
  return bounded(seconds > 1_000_000_000 ? seconds * 1_000 - now : seconds * 1_000)
}

function bounded(milliseconds: number): number | undefined {
  return Number.isNaN(milliseconds) ? undefined : Math.min(Math.max(0, milliseconds), longestPauseMs)
}
