/**
 * Records refusals without end, as a process of its own, until it is killed, or kills itself at an append. The
 * argument is a {@link RefusalAuditChild} as JSON.
 */
import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { openRefusalAudit } from '../../application/index.ts'
import type { ApiTokenId, OrganizationId, RefusalEventsReserved, UserId } from '../../domain/index.ts'
import { type EventLog, openSqliteEventLog } from '../../event-log/index.ts'

/**
 * What an append of the audit is for: `reservation`s and the `refusal`s that follow, of single attempts that are recorded
 * at once, or of counts.
 */
export type AuditAppend = 'single reservation' | 'single refusal' | 'count reservation' | 'count refusal'

/** What the process does. */
export type RefusalAuditChild = {
  /** Path of the SQLite log. */
  readonly log: string
  /** Where a {@link JournalLine} is appended for each thing that happens. */
  readonly journal: string
  /** Whose refusals it records, again and again. */
  readonly organizations: readonly OrganizationId[]
  /** Its clocks begin at this moment (milliseconds since the epoch) and run so many times as fast. */
  readonly clock: { readonly from: number; readonly speed: number }
  /** Where it kills itself; without it somebody else has to. */
  readonly killAt?: KillAt
}

/** The n-th append of a purpose. */
export type KillAt = {
  readonly append: AuditAppend
  readonly number: number
  readonly moment: 'before' | 'after'
  /** Whether it stops in good order after its first refusals, and counts from then. */
  readonly stopping: boolean
}

/** An attempt begins, its refusal was answered to its caller, or a reservation (its event's id) is about to be appended. */
export type JournalLine =
  | { readonly begun: OrganizationId }
  | { readonly answered: OrganizationId }
  | { readonly reserving: string }

const { log: path, journal, organizations, clock, killAt } = JSON.parse(process.argv[2] ?? '') as RefusalAuditChild
const { from, speed } = clock

const write = (line: JournalLine) => appendFileSync(journal, `${JSON.stringify(line)}\n`)

// The audit's clocks: a minute of its own passes in a fraction of one.
const realNow = performance.now.bind(performance)
const realTimeout = globalThis.setTimeout
performance.now = () => realNow() * speed
globalThis.setTimeout = ((work: () => void, milliseconds: number) =>
  realTimeout(work, milliseconds / speed)) as typeof setTimeout
const now = () => new Date(from + (Date.now() - from) * speed).toISOString()

/** What the audit reserves together for single attempts. */
const mostSingle = 3
/** So many that their first attempts take all of the room for single attempts. */
const users = 9
let stopping = false
let forCounts = false
const appends = new Map<AuditAppend, number>()

function purposeOf(reservation: RefusalEventsReserved['data'] | undefined): AuditAppend {
  if (reservation !== undefined)
    forCounts = stopping || reservation.recording.count > 0 || reservation.events > mostSingle
  return `${forCounts ? 'count' : 'single'} ${reservation === undefined ? 'refusal' : 'reservation'}`
}

const stored = openSqliteEventLog({ path })
const log: EventLog = {
  ...stored,
  async append(streamId, events, expectedRevision) {
    const [first] = events
    const isReservation = first?.type === 'RefusalEventsReserved'
    const purpose = purposeOf(isReservation ? (first.data as unknown as RefusalEventsReserved['data']) : undefined)
    const isCounted = stopping || killAt?.stopping === false
    const number = (appends.get(purpose) ?? 0) + (isCounted ? 1 : 0)
    appends.set(purpose, number)
    const isKilled = isCounted && purpose === killAt?.append && number === killAt.number
    if (isReservation) write({ reserving: first.id })
    if (isKilled && killAt?.moment === 'before') process.kill(process.pid, 'SIGKILL')
    const appended = await stored.append(streamId, events, expectedRevision)
    if (isKilled) process.kill(process.pid, 'SIGKILL')
    return appended
  },
}
const audit = openRefusalAudit({
  log,
  now,
  onError(error) {
    throw error
  },
})

/** One attempt in each organization, by one user: each user's first is a kind of its own. */
async function refuseEverywhere(user: number): Promise<void> {
  const id = `00000000-0000-4000-8000-00000000000${user}`
  const authentication = { method: 'apiToken', tokenId: id as ApiTokenId } as const
  await Promise.all(
    organizations.map(async (organizationId) => {
      write({ begun: organizationId })
      await audit.record({
        organizationId,
        actor: { kind: 'user', userId: id as UserId, authentication },
        remoteAddress: '192.0.2.1',
        command: 'approveSigningRequest',
        subject: null,
        code: 'FORBIDDEN',
        callId: randomUUID(),
      })
      write({ answered: organizationId })
    }),
  )
}

while (!stopping) {
  for (let user = 0; user < users; user += 1) await refuseEverywhere(user)
  if (killAt?.stopping) {
    // However long it took until here: of the same within a moment, all but the first are counts when it stops.
    await Promise.all([refuseEverywhere(0), refuseEverywhere(0), refuseEverywhere(0)])
    stopping = true
    await audit.close()
  }
  await delay(5_000 / speed)
}
