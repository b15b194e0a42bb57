import { setTimeout as delay } from 'node:timers/promises'
import { CliError } from '../cli-error.ts'
import { wasNotSent } from '../connection/call-service.ts'
import { mayPass } from '../connection/service-error.ts'
import { exitCode } from '../exit-code.ts'

/** How long something that fails is tried again, in milliseconds. */
export type Patience = {
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
export const usualPatience: Patience = { awayMs: 10 * 60_000, faultMs: 30_000 }

/** What is told of trouble: once when it begins, and once when it is over. */
export type Told = { readonly trouble: (error: CliError) => void; readonly over: () => void }

const longestPauseMs = 5_000

/**
 * Asks until there is an answer, with growing pauses, as long as what goes wrong may pass by itself.
 *
 * @throws the last error when patience is over, or at once when it is none that may pass; the signal's reason
 */
export async function patiently<Answer>(
  question: () => Promise<Answer>,
  patience: Patience,
  signal: AbortSignal,
  told: Told,
): Promise<Answer> {
  let since: number | undefined
  let breaks = 0
  for (let pause = 250; ; pause = Math.min(pause * 2, longestPauseMs)) {
    try {
      const answer = await question()
      if (since !== undefined) told.over()
      return answer
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      const limit = mayPass(error) ? patience.awayMs : isFault(error) ? patience.faultMs : 0
      if (!wasNotSent(error.cause)) breaks++
      if (breaks >= (patience.breaks ?? Number.POSITIVE_INFINITY)) throw error
      const now = performance.now()
      if (now - (since ?? now) >= limit) throw error
      if (signal.aborted) throw signal.reason
      if (since === undefined) told.trouble(error)
      since ??= now
    }
    await delay(pause, undefined, { signal }).catch(() => {
      throw signal.reason
    })
  }
}

function isFault(error: CliError): boolean {
  return error.exitCode === exitCode.fault
}
