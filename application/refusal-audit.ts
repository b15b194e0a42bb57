import { type Actor, type Instant, type OrganizationId, refusalKey, streams } from '../domain/index.ts'
import { type EventLog, prepareEvents } from '../event-log/index.ts'

/** A refused attempt. */
export type RefusedAttempt = {
  readonly organizationId: OrganizationId
  readonly actor: Actor
  readonly remoteAddress: string | undefined
  /** What was asked, e.g. `approveSigningRequest`. */
  readonly command: string
  /** The entity that it was about. */
  readonly subject: string | null
  readonly refusal: { readonly code: string; readonly message: string }
  readonly callId: string
}

/** Records refused attempts in the day's security stream. */
export interface RefusalAudit {
  /**
   * Records the first attempt of a kind at once and before it answers; repeats of the same kind within a minute are
   * counted and recorded together. Never fails: a refusal stays a refusal when the log is away, and the logger says so.
   */
  record(attempt: RefusedAttempt): Promise<void>
  /** Records what has been counted so far. */
  close(): Promise<void>
}

/** The organization of attempts by people of whom none is known. */
export const unknownOrganization = '00000000-0000-0000-0000-000000000000' as OrganizationId

/** How many kinds are told apart at once; further ones share one count, so that a flood cannot fill the memory. */
const maximumKinds = 10_000
const windowMilliseconds = 60_000

/** Opens the audit of refusals. */
export function openRefusalAudit(dependencies: {
  readonly log: EventLog
  readonly now: () => Instant
  readonly onError: (error: unknown) => void
}): RefusalAudit {
  const { log, now, onError } = dependencies
  type Repeats = { readonly attempt: RefusedAttempt; count: number; firstAt: Instant; lastAt: Instant }
  const windows = new Map<string, Repeats>()
  const timers = new Set<NodeJS.Timeout>()

  async function append(attempt: RefusedAttempt, count: number, firstAt: Instant, lastAt: Instant): Promise<void> {
    const { organizationId, actor, remoteAddress, command, subject, refusal, callId } = attempt
    const { code, message } = refusal
    const stream = streams.security(lastAt)
    const event = {
      type: 'CommandRefused',
      data: { schemaVersion: 1, command, code, message, subject, count, firstAt, lastAt },
    }
    const metadata = {
      organizationId,
      actor,
      ...(remoteAddress === undefined ? {} : { remoteAddress }),
      correlationId: subject ?? callId,
      causationId: callId,
      occurredAt: lastAt,
    }
    try {
      await log.append(stream, prepareEvents(stream, 'any', [event], metadata), 'any')
    } catch (error) {
      onError(error)
    }
  }

  async function flush(key: string): Promise<void> {
    const repeats = windows.get(key)
    windows.delete(key)
    if (repeats !== undefined && repeats.count > 0)
      await append(repeats.attempt, repeats.count, repeats.firstAt, repeats.lastAt)
  }

  return {
    async record(attempt) {
      const at = now()
      const kind = refusalKey({ ...attempt, code: attempt.refusal.code })
      const key = windows.has(kind) || windows.size < maximumKinds ? kind : 'others'
      const repeats = windows.get(key)
      if (repeats !== undefined) {
        if (repeats.count === 0) repeats.firstAt = at
        repeats.count += 1
        repeats.lastAt = at
        return
      }
      windows.set(key, { attempt, count: 0, firstAt: at, lastAt: at })
      const timer = setTimeout(() => {
        timers.delete(timer)
        void flush(key)
      }, windowMilliseconds)
      timer.unref()
      timers.add(timer)
      await append(attempt, 1, at, at)
    },

    async close() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      await Promise.all([...windows.keys()].map(flush))
    },
  }
}
