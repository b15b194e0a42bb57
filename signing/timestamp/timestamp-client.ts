import { type Backoff, pauseAfter } from '../../domain/index.ts'
import { pause } from '../../retry/index.ts'
import { SigningError } from '../signing-error.ts'
import { type AuthorityRules, askAuthority, type TimestampDemand } from './ask-authority.ts'
import { type AuthorityAddress, authorityAddress } from './authority-address.ts'
import type { AuthorityFailure } from './query-authority.ts'

/** Gets signatures counter-signed with a time. */
export interface TimestampClient {
  /**
   * @returns the token, a ContentInfo, verified
   * @throws SigningError, always transient, since what authorities answer is never the fault of what is signed:
   * `TIMESTAMP_UNAVAILABLE`, `TIMESTAMP_REJECTED`, `TIMESTAMP_INVALID`, `TIMESTAMP_TIME_IMPLAUSIBLE` or
   * `TIMESTAMP_REDIRECTED` when all authorities failed in that way, `TIMESTAMP_UNAVAILABLE` when in several; the message
   * names each with what was wrong, and `retryAfterMs` says until when all want to be left alone. The signal's reason
   * when it is aborted.
   */
  timestamp(demand: TimestampDemand): Promise<Uint8Array>
}

/** Which authorities a client asks, and how. */
export interface TimestampClientOptions extends Omit<AuthorityRules, 'now'> {
  /** http or https addresses, tried in this order until one answers with a good token. */
  readonly urls: readonly [string, ...string[]]
  /** The local clock; `Date.now` by default. */
  readonly now?: () => number
  /** Waits some milliseconds between rounds; a timer by default. */
  readonly wait?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>
}

/** An authority, and until when it wants to be left alone. */
interface Authority {
  readonly address: AuthorityAddress
  /** The failure that asked for the rest, and when it ends, in milliseconds since 1970. */
  rest: { readonly until: number; readonly failure: AuthorityFailure } | undefined
}

/** Every authority is asked this often for one time-stamp. */
const rounds = 3
/** Between two rounds. */
const betweenRounds: Backoff = { first: 500, longest: 1_000 }
/** What an authority's `Retry-After` can keep one time-stamp waiting for, in milliseconds. */
const longestWait = 10_000
/** What an authority's `Retry-After` can keep it from being asked, in milliseconds. */
const longestRest = 10 * 60_000

/**
 * A client for RFC 3161 over HTTP. It asks the authorities in turn, each up to three times with growing waits between
 * the rounds. Who asks to be left alone (`Retry-After`) is, by all calls of this client, for at most ten minutes.
 *
 * @throws SigningError `TIMESTAMP_URL_INVALID`
 */
export function createTimestampClient(options: TimestampClientOptions): TimestampClient {
  const { urls, now = Date.now, wait = pause, ...rest } = options
  const authorities = urls.map((url): Authority => ({ address: authorityAddress(url), rest: undefined }))
  const rules: AuthorityRules = { ...rest, now }
  return {
    async timestamp(demand) {
      const failures = new Map<Authority, AuthorityFailure>()
      for (let round = 1; ; round++) {
        for (const authority of authorities) {
          if (!isAskable(authority, failures.get(authority), now())) continue
          demand.signal?.throwIfAborted()
          demand.onProgress?.()
          const answer = await askAuthority(authority.address, demand, rules)
          if (answer.kind === 'token') return answer.token
          failures.set(authority, answer)
          authority.rest = restAfter(answer, now())
        }
        const milliseconds = untilNextRound(authorities, failures, round, now())
        if (milliseconds === undefined) throw summarise(authorities, failures, now())
        await wait(milliseconds, demand.signal)
        demand.signal?.throwIfAborted()
      }
    },
  }
}

/** Trying again does not mend an address that was configured wrong. */
function isAskable(authority: Authority, failure: AuthorityFailure | undefined, now: number): boolean {
  return failure?.code !== 'TIMESTAMP_REDIRECTED' && restLeft(authority, now) === 0
}

/** Milliseconds that an authority still wants to be left alone. A clock that was set back must not prolong them. */
function restLeft({ rest }: Authority, now: number): number {
  const left = rest === undefined ? 0 : rest.until - now
  return left > 0 && left <= longestRest ? left : 0
}

function restAfter(failure: AuthorityFailure, now: number): Authority['rest'] {
  const { retryAfterMs } = failure
  return retryAfterMs === undefined ? undefined : { until: now + Math.min(retryAfterMs, longestRest), failure }
}

/** Milliseconds until it is worth asking again; `undefined` when it is not, or not soon enough. */
function untilNextRound(
  authorities: readonly Authority[],
  failures: ReadonlyMap<Authority, AuthorityFailure>,
  round: number,
  now: number,
): number | undefined {
  const soonest = soonestAskable(authorities, failures, now)
  if (round === rounds || soonest > longestWait) return undefined
  return Math.max(soonest, pauseAfter(betweenRounds, round))
}

/** Milliseconds until the first authority that is worth asking again may be asked; infinite when none is. */
function soonestAskable(
  authorities: readonly Authority[],
  failures: ReadonlyMap<Authority, AuthorityFailure>,
  now: number,
): number {
  const promising = authorities.filter((authority) => failures.get(authority)?.code !== 'TIMESTAMP_REDIRECTED')
  return Math.min(...promising.map((authority) => restLeft(authority, now)))
}

function summarise(
  authorities: readonly Authority[],
  failures: ReadonlyMap<Authority, AuthorityFailure>,
  now: number,
): SigningError {
  const faults = authorities.flatMap((authority) => {
    const failure = failures.get(authority) ?? authority.rest?.failure
    if (failure === undefined) return []
    const left = restLeft(authority, now)
    const wish = left === 0 ? '' : `, and asked not to be called before ${new Date(now + left).toISOString()}`
    const { code, did, cause } = failure
    return [{ place: authority.address.place, code, text: `${did}${wish}`, cause }]
  })
  const [first, another] = faults
  const code = faults.every((fault) => fault.code === first?.code) ? first?.code : undefined
  const message =
    another === undefined
      ? `The time-stamp authority ${first?.place} ${first?.text}.`
      : `None of ${faults.length} time-stamp authorities gave a time-stamp. ` +
        faults.map((fault) => `${fault.place} ${fault.text} (${fault.code}).`).join(' ')
  const soonest = soonestAskable(authorities, failures, now)
  return new SigningError(code ?? 'TIMESTAMP_UNAVAILABLE', message, {
    transient: true,
    retryAfterMs: soonest > 0 && Number.isFinite(soonest) ? soonest : undefined,
    cause: first?.cause,
  })
}
