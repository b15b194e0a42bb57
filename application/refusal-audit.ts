import type { CountedRefusals, Instant, OrganizationId } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { SharedRoom } from './counted-kinds.ts'
import { mostEventsPerMinute, openRecordingLimit, type Reservation } from './recording-limit.ts'
import { commandRefused, eventsOf, RefusalCounter } from './refusal-counts.ts'
import { entityStream, recordOf } from './refusal-records.ts'
import type { RefusedAttempt } from './refused-attempt.ts'
import { openSecurityStream, type SecurityStream } from './security-stream.ts'

export { type RefusedAttempt, unknownOrganization } from './refused-attempt.ts'

/**
 * Records refused attempts in the security streams of their organizations, in at most `mostEventsPerMinute` events
 * (`recording-limit.ts`) of all organizations and processes together.
 */
export interface RefusalAudit {
  /**
   * Records the first attempt of a kind at once and before it answers, as far as the minute has room for that; everything
   * else is counted and recorded together. Never fails, and loses nothing while the process lives: what the log does not
   * take is counted on (and twice, when it was taken without an answer).
   */
  record(attempt: RefusedAttempt): Promise<void>
  /**
   * Records what was counted, calls of `record` under way included, as far as there is room; of the rest how much it was,
   * and of whom. Nothing may be recorded afterwards.
   */
  close(): Promise<void>
}

const windowMs = 60_000
/** Of the events of a minute so many, with their reservations, may record attempts at once. The others are for counts. */
const mostAtOnce = 24
/** So many of them are reserved together. */
const atOnceTogether = 3
/** An organization has so many events at once before its counts are recorded: others need them, too. */
const mostAtOnceEach = 9
/** After the log failed or had no room, nobody waits for it for so long. */
const atOncePauseMs = 5_000
/** One process reserves no more for counts together, so that others get their turn before it asks again. */
const mostTogether = mostEventsPerMinute / 2
const betweenReservationsMs = 15_000
/** Room that counts leave for processes that stop within the minute. */
const roomForClosing = 4 /** So many organizations are named of those whose counts wait. */
const mostWaitingNamed = 1_000

type Ledger = {
  readonly organizationId: OrganizationId
  readonly counter: RefusalCounter
  readonly stream: SecurityStream
  /** How many attempts were recorded at once. */
  atOnce: number
}

/** Opens the audit of refusals. */
export function openRefusalAudit(dependencies: {
  readonly log: EventLog
  readonly now: () => Instant
  readonly onError: (error: unknown) => void
}): RefusalAudit {
  const { log, now, onError } = dependencies
  const limit = openRecordingLimit(dependencies)
  const shared = new SharedRoom()
  /** Those of the organizations that have been refused something since their last record; who waits longest comes first. */
  const ledgers = new Map<OrganizationId, Ledger>()
  let timer: { readonly timeout: NodeJS.Timeout; readonly dueAt: number } | undefined
  let recording = Promise.resolve()
  /** The calls of `record` that have not answered. */
  const underWay = new Set<Promise<void>>()
  /** What is left of the last reservation for attempts that are recorded at once. */
  let forAtOnce: { readonly reservation: Reservation; left: number } | undefined
  let reservingAtOnce: Promise<void> | undefined
  let atOnceAgainAt = 0

  function ledgerOf(organizationId: OrganizationId): Ledger {
    const known = ledgers.get(organizationId)
    if (known !== undefined) return known
    const stream = openSecurityStream(dependencies, organizationId)
    const ledger = { organizationId, counter: new RefusalCounter(shared), stream, atOnce: 0 }
    ledgers.set(organizationId, ledger)
    return ledger
  }

  function recordCountsIn(milliseconds: number): void {
    const dueAt = performance.now() + milliseconds
    if (timer !== undefined && timer.dueAt <= dueAt) return
    clearTimeout(timer?.timeout)
    const timeout = setTimeout(() => {
      timer = undefined
      recording = recording.then(() => recordCounts())
    }, milliseconds)
    timeout.unref()
    timer = { timeout, dueAt }
  }

  function takeAtOnce(): boolean {
    if (forAtOnce === undefined || forAtOnce.left === 0 || !forAtOnce.reservation.isUsable()) return false
    forAtOnce.left -= 1
    return true
  }

  async function reserveAtOnce(): Promise<void> {
    try {
      const leave = mostEventsPerMinute - mostAtOnce
      // The attempts that these events are for were not counted: their callers wait for the events themselves.
      const counted = () => ({ recording: countedIn([]), waiting: countedIn([...ledgers.values()]) })
      const reservation = await limit.reserve({ events: atOnceTogether, leave, counted })
      forAtOnce = { reservation, left: reservation.events }
      if (reservation.events === 0) atOnceAgainAt = performance.now() + atOncePauseMs
    } catch (error) {
      atOnceAgainAt = performance.now() + atOncePauseMs
      onError(error)
    }
  }

  async function mayRecordAtOnce(): Promise<boolean> {
    if (takeAtOnce()) return true
    if (performance.now() < atOnceAgainAt) return false
    reservingAtOnce ??= reserveAtOnce().finally(() => {
      reservingAtOnce = undefined
    })
    await reservingAtOnce
    return takeAtOnce()
  }

  async function recordAtOnce({ stream }: Ledger, attempt: RefusedAttempt, at: Instant): Promise<boolean> {
    if (!(await mayRecordAtOnce())) return false
    try {
      const event = commandRefused({ attempt, commands: [attempt.command], count: 1, firstAt: at, lastAt: at })
      const record = await recordOf(log, { event, attempt }, attempt.organizationId, at)
      await stream.append(() => [record])
      return true
    } catch (error) {
      atOnceAgainAt = performance.now() + atOncePauseMs
      onError(error)
      return false
    }
  }

  /** Records counts of as many organizations as there is room for, and comes back for the others. */
  async function recordCounts(isLast = false): Promise<void> {
    const counted = [...ledgers.values()].filter(({ counter }) => counter.count > 0)
    // Whatever comes next begins a minute of its own.
    for (const ledger of ledgers.values()) if (ledger.counter.count === 0) ledgers.delete(ledger.organizationId)
    if (counted.length === 0) return
    const wanted = counted.reduce((sum, { counter }) => sum + counter.events, 0)
    let comeBackIn = betweenReservationsMs
    try {
      const reservation = await limit.reserve({
        events: isLast ? wanted : Math.min(wanted, mostTogether),
        leave: isLast ? 0 : roomForClosing,
        // Each event is of an organization of its own as long as there are some, and has everything that was counted there.
        counted: (events) => ({
          recording: countedIn(counted.slice(0, events)),
          waiting: countedIn(counted.slice(events)),
        }),
        isLast,
      })
      if (reservation.events === 0) comeBackIn = limit.moreRoomIn() + Math.random() * atOncePauseMs
      else await recordReserved(counted, reservation)
    } catch (error) {
      onError(error)
    }
    if ([...ledgers.values()].some(({ counter }) => counter.count > 0)) recordCountsIn(comeBackIn)
  }

  /** Gives each organization one event, those first that wait longest, and then each another as long as there are some. */
  async function recordReserved(counted: readonly Ledger[], reservation: Reservation): Promise<void> {
    const shares = sharesOf(
      reservation.events,
      counted.map(({ counter }) => counter.events),
    )
    for (const [index, ledger] of counted.entries()) {
      const share = shares[index] ?? 0
      if (share === 0 || !reservation.isUsable()) return
      const counts = ledger.counter.take()
      try {
        const { organizationId } = ledger
        const events = eventsOf(counts, share)
        const records = await Promise.all(events.map((each) => recordOf(log, each, organizationId, now())))
        await ledger.stream.append(() => records)
      } catch (error) {
        ledger.counter.putBack(counts)
        throw error
      }
      // What was counted meanwhile waits behind the others.
      ledgers.delete(ledger.organizationId)
      ledger.atOnce = 0
      if (ledger.counter.count > 0) ledgers.set(ledger.organizationId, ledger)
    }
  }

  async function recordOrCount(given: RefusedAttempt): Promise<void> {
    const at = now()
    const attempt = { ...given, subject: entityStream(given.subject) }
    const ledger = ledgerOf(attempt.organizationId)
    recordCountsIn(windowMs)
    if (ledger.counter.isFirst(attempt, at) && ledger.atOnce < mostAtOnceEach) {
      ledger.atOnce += 1
      if (await recordAtOnce(ledger, attempt, at)) return
      recordCountsIn(windowMs)
    }
    // Another ledger, if the counts were recorded meanwhile.
    const { counter } = ledgerOf(attempt.organizationId)
    counter.add({ attempt, commands: [attempt.command], count: 1, firstAt: at, lastAt: at })
  }

  return {
    record(attempt) {
      const call = recordOrCount(attempt).finally(() => underWay.delete(call))
      underWay.add(call)
      return call
    },

    async close() {
      await Promise.all(underWay)
      clearTimeout(timer?.timeout)
      await recording
      await recordCounts(true)
      clearTimeout(timer?.timeout)
    },
  }
}

/** How many events each gets of those that there are, given how many each wants: none twice before each has one. */
function sharesOf(events: number, wanted: readonly number[]): readonly number[] {
  const shares = wanted.map(() => 0)
  for (let left = events, round = 0; left > 0; round += 1) {
    const before = left
    for (const [index, most] of wanted.entries())
      if (left > 0 && most > round) {
        shares[index] = round + 1
        left -= 1
      }
    if (left === before) break
  }
  return shares
}

function countedIn(ledgers: readonly Ledger[]): CountedRefusals {
  const counts = ledgers
    .map(({ organizationId, counter }) => ({ organizationId, count: counter.count }))
    .filter(({ count }) => count > 0)
    .sort((one, other) => other.count - one.count)
  return {
    count: counts.reduce((sum, { count }) => sum + count, 0),
    organizations: counts.length,
    most: counts.slice(0, mostWaitingNamed),
  }
}
