import { retry } from '../../retry/index.ts'
import { CliError } from '../cli-error.ts'
import { wasNotSent } from '../connection/call-service.ts'
import { mayPass } from '../connection/service-error.ts'
import { exitCode } from '../exit-code.ts'

/** How long a call of the service that fails is tried again, in milliseconds. */
export type RetryLimits = {
  /** While the service is away: it may be restarting, or moving to another machine. */
  readonly awayMs: number
  /** While it answers with faults, as one that is just stopping may. */
  readonly faultMs: number
  /**
   * How many calls may break after they were sent; no limit without. Something on the way that does not want a long
   * call cuts it without a word, every time.
   */
  readonly breaks?: number
}

/** Long enough for an upgrade of the service, short enough for a CI job to end on its own. */
export const usualRetryLimits: RetryLimits = { awayMs: 10 * 60_000, faultMs: 30_000 }

/** What is said of failures: once when they begin, and once when they are over. */
export type RetryNotices = { readonly failing: (error: CliError) => void; readonly recovered: () => void }

/**
 * Calls the service until there is an answer, with growing pauses, as long as what goes wrong may pass by itself.
 *
 * @throws the last error when the limit is reached, or at once when it is none that may pass; the signal's reason
 */
export async function retryCall<Answer>(
  call: () => Promise<Answer>,
  limits: RetryLimits,
  signal: AbortSignal,
  notices: RetryNotices,
): Promise<Answer> {
  let breaks = 0
  return retry(call, {
    backoff: { first: 250, longest: 5_000 },
    signal,
    limitMs(error) {
      if (!(error instanceof CliError)) return 0
      if (!wasNotSent(error.cause)) breaks++
      if (breaks >= (limits.breaks ?? Number.POSITIVE_INFINITY)) return 0
      if (mayPass(error)) return limits.awayMs
      return isFault(error) ? limits.faultMs : 0
    },
    onFailure(error, failures) {
      if (failures === 1 && !signal.aborted) notices.failing(error as CliError)
    },
    onRecovery: notices.recovered,
  })
}

function isFault(error: CliError): boolean {
  return error.exitCode === exitCode.fault
}
