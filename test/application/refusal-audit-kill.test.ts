import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type OrganizationId, parseStreamName, type RefusalEventsReserved } from '../../domain/index.ts'
import { type EventLog, openSqliteEventLog, type RecordedEvent } from '../../event-log/index.ts'
import type { JournalLine, KillAt, RefusalAuditChild } from '../support/refusal-audit-child.ts'
import { expectWithinLimit } from '../support/refusal-audits.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

/** A minute of the killed processes passes in a second. */
const speed = 60
/** So many that one reservation for counts has not room for all. */
const organizations = Array.from({ length: 40 }, () => randomUUID() as OrganizationId)

/** In the order of a life: its first refusals, the counts of its minute, its stop. */
const kills: readonly KillAt[] = [
  { append: 'single reservation', number: 1, moment: 'before', stopping: false },
  { append: 'single reservation', number: 1, moment: 'after', stopping: false },
  { append: 'single refusal', number: 2, moment: 'after', stopping: false },
  { append: 'count reservation', number: 1, moment: 'before', stopping: false },
  { append: 'count reservation', number: 1, moment: 'after', stopping: false },
  { append: 'count refusal', number: 3, moment: 'before', stopping: false },
  { append: 'count refusal', number: 3, moment: 'after', stopping: false },
  { append: 'count reservation', number: 1, moment: 'after', stopping: true },
  { append: 'count refusal', number: 2, moment: 'after', stopping: true },
]

const reservationOf = (event: RecordedEvent | undefined) =>
  event?.data as unknown as RefusalEventsReserved['data'] | undefined

describe('processes that are killed one after the other while they record refusals', () => {
  it('leave of each refusal that was answered its record, or its count in the last reservation', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'log.db')
    const log = openSqliteEventLog({ path })
    onTestFinished(() => log.close())
    const clock = { from: Date.now(), speed }
    let before = 0
    for (const [life, killAt] of kills.entries()) {
      for (let attempt = 0, isKilled = false; !isKilled; attempt += 1) {
        const journal = join(folder, `journal-${life}-${attempt}.jsonl`)
        const [code, signal] = await endOf({ log: path, journal, organizations, clock, killAt })
        isKilled = signal === 'SIGKILL'
        // One whose minute was over just before it stopped has nothing to record then, and ends in good order.
        if (!isKilled) expect([killAt, code, attempt < 20]).toEqual([{ ...killAt, stopping: true }, 0, true])
        const events = await securityEvents(log)
        expectTraces(events.slice(before), linesOf(journal), JSON.stringify(killAt))
        before = events.length
      }
    }
    expectWithinLimit(await securityEvents(log))
  }, 240_000)

  it('append no more than sixty events a minute together, whoever takes their place', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'log.db')
    const log = openSqliteEventLog({ path })
    onTestFinished(() => log.close())
    const clock = { from: Date.now(), speed: 1 }
    for (let generation = 0; generation < 2; generation += 1) {
      const journals = [0, 1, 2, 3].map((number) => join(folder, `journal-${generation}-${number}.jsonl`))
      const processes = journals.map((journal) => start({ log: path, journal, organizations, clock }))
      const isAnswered = (line: JournalLine) => 'answered' in line
      await until(
        'each has recorded what it may, and counts',
        () => journals.every((journal) => linesOf(journal).filter(isAnswered).length > 8 * organizations.length),
        50_000,
      )
      const ends = processes.map((each) => once(each, 'exit'))
      for (const each of processes) each.kill('SIGKILL')
      await Promise.all(ends)
    }
    const events = await securityEvents(log)
    expect(events.filter(({ type }) => type === 'CommandRefused')).not.toEqual([])
    expectWithinLimit(events)
  }, 120_000)
})

async function endOf(what: RefusalAuditChild): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  return (await once(start(what), 'exit')) as [number | null, NodeJS.Signals | null]
}

function start(what: RefusalAuditChild): ChildProcess {
  const program = join(import.meta.dirname, '../support/refusal-audit-child.ts')
  const child = spawn(process.execPath, [program, JSON.stringify(what)], { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

function linesOf(journal: string): readonly JournalLine[] {
  if (!existsSync(journal)) return []
  const lines = readFileSync(journal, 'utf8').split('\n')
  // What comes behind the last line break is being written.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as JournalLine)
}

/** Everything that stands in security streams, in the order of the log. */
async function securityEvents(log: EventLog): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const batch of log.readAll())
    events.push(...batch.filter(({ streamId }) => parseStreamName(streamId)?.kind === 'security'))
  return events
}

/**
 * Expects of one life that its last reservation and its records account for every refusal that had been answered when that
 * reservation was made, organization by organization, and that nothing was recorded that did not happen.
 */
function expectTraces(events: readonly RecordedEvent[], journal: readonly JournalLine[], kill: string): void {
  const last = events.findLast(({ type }) => type === 'RefusalEventsReserved')
  const reserved = journal.findIndex((line) => 'reserving' in line && line.reserving === last?.id)
  const reservation = reservationOf(last)
  for (const organizationId of organizations) {
    const begun = journal.filter((line) => 'begun' in line && line.begun === organizationId).length
    const answered = journal
      .slice(0, Math.max(0, reserved))
      .filter((line) => 'answered' in line && line.answered === organizationId).length
    const recorded = events
      .filter(({ type, metadata }) => type !== 'RefusalEventsReserved' && metadata.organizationId === organizationId)
      .reduce((sum, { data }) => sum + Number(data.count), 0)
    const counted = [...(reservation?.waiting.most ?? []), ...(reservation?.recording.most ?? [])]
      .filter((each) => each.organizationId === organizationId)
      .reduce((sum, { count }) => sum + count, 0)
    expect(recorded, `recorded, not begun: ${kill}`).toBeLessThanOrEqual(begun)
    expect(recorded + counted, `recorded or counted of those answered: ${kill}`).toBeGreaterThanOrEqual(answered)
  }
}
