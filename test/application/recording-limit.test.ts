import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { unknownOrganization } from '../../application/index.ts'
import { type OrganizationId, type RefusalEventsReserved, streams } from '../../domain/index.ts'
import type { EventLog, RecordedEvent } from '../../event-log/index.ts'
import { EventLogError } from '../../event-log/index.ts'
import {
  attempt,
  audits,
  byUser,
  expectWithinLimit,
  passUntil,
  refusalStart as start,
  total,
} from '../support/refusal-audits.ts'

afterEach(() => void vi.useRealTimers())

const organizations = (count: number) => Array.from({ length: count }, () => randomUUID() as OrganizationId)

const dayMs = 86_400_000

/** How many refusals the events stand for. */
const refusals = (events: readonly RecordedEvent[]) =>
  total(events.map(({ type, data }) => (type === 'RefusalEventsReserved' ? 0 : Number(data.count))))

const lastReservation = (events: readonly RecordedEvent[]) =>
  events.filter(({ type }) => type === 'RefusalEventsReserved').at(-1)?.data as unknown as RefusalEventsReserved['data']

describe('the events of refusals', () => {
  it('are sixty a minute of a thousand organizations together, and each organization gets its counts', async () => {
    const { open, all } = audits()
    const audit = open()
    const flooded = organizations(1_000)
    for (let round = 0; round < 3; round++)
      await Promise.all(
        flooded.flatMap((organizationId) => [
          audit.record(attempt({ organizationId, ...byUser(round) })),
          audit.record(attempt({ organizationId, ...byUser(round), code: 'FORBIDDEN' })),
        ]),
      )
    await passUntil('each organization has its counts', async () => refusals(await all()) === 6_000)
    const events = await all()
    expectWithinLimit(events)
    // An organization that waited has one record of everything, with who was refused what.
    const last = events.findLast(({ type }) => type === 'FurtherCommandsRefused')
    expect(last?.data).toMatchObject({
      count: 6,
      kinds: Array(6).fill({ count: 1, commands: ['authenticate'] }),
      unnamed: 0,
    })
    for (const organizationId of flooded)
      expect(refusals(events.filter(({ metadata }) => metadata.organizationId === organizationId))).toBe(6)
  })

  it('of a flood in one organization leave room for another, in the same minute and at once in the next', async () => {
    const { open, all, recorded } = audits()
    const audit = open()
    const [flooded, other] = organizations(2) as [OrganizationId, OrganizationId]
    for (let user = 0; user < 300; user++) await audit.record(attempt({ organizationId: flooded, ...byUser(user) }))
    await audit.record(attempt({ organizationId: other, ...byUser(1) }))
    expect(await recorded(other)).toMatchObject([{ type: 'CommandRefused', data: { count: 1 } }])
    for (let time = 0; time < 4; time++) await audit.record(attempt({ organizationId: other, ...byUser(1) }))
    await passUntil('the flood is recorded', async () => refusals(await all()) === 305)
    expect(await recorded(other)).toMatchObject([
      { data: { count: 1 } },
      { type: 'CommandRefused', data: { count: 4 } },
    ])
    expectWithinLimit(await all())
  })

  it('are sixty a minute of several processes together', async () => {
    const { open, all } = audits()
    const processes = [open(), open(), open()]
    const flooded = organizations(20)
    await Promise.all(
      processes.flatMap((audit) =>
        Array.from({ length: 400 }, (_, number) =>
          audit.record(attempt({ ...byUser(number % 50), organizationId: flooded[number % 20] as OrganizationId })),
        ),
      ),
    )
    await passUntil('all of it is recorded', async () => refusals(await all()) === 1_200)
    expectWithinLimit(await all())
    for (const audit of processes) await audit.close()
  })

  it('are counted across midnight, also those that another process wrote before it', async () => {
    const { open, all } = audits()
    vi.setSystemTime(start + dayMs / 2 - 5_000)
    const [before, after] = [open(), open()]
    const flooded = organizations(10)
    const flood = async (audit: typeof before) => {
      for (const organizationId of flooded) await audit.record(attempt({ organizationId }))
    }
    await flood(before)
    vi.setSystemTime(start + dayMs / 2 + 5_000)
    const atOnce = (await all()).length
    await flood(after)
    expect(atOnce).toBeGreaterThan(10)
    expect((await all()).length).toBeLessThanOrEqual(24)
    await passUntil('all of it is recorded', async () => refusals(await all()) === 20)
    const days = new Set((await all()).map(({ streamId }) => streamId.slice(-10)))
    expect(days).toEqual(new Set(['2026-03-01', '2026-03-02']))
    expectWithinLimit(await all())
  })

  it('are no more and no later when a clock is set', async () => {
    const { open, all } = audits()
    const ahead = open()
    const flooded = organizations(100)
    const flood = async (audit: typeof ahead) => {
      for (const organizationId of flooded) await audit.record(attempt({ organizationId }))
    }
    vi.setSystemTime(start + 6 * 3_600_000)
    await flood(ahead)
    const appended = (await all()).length
    vi.setSystemTime(start)
    const right = open()
    // What the clock that was ahead wrote counts, though it seems to come from the future.
    await flood(right)
    expect((await all()).length).toBe(appended)
    await passUntil('all of it is recorded', async () => refusals(await all()) === 200)
    // Nothing waited until the clock was where the other had been.
    expect(Date.now()).toBeLessThan(start + 3_600_000)
    // Behind, too: what is new in the stream is new, however old it says it is.
    vi.setSystemTime(start - 3_600_000)
    const behind = open()
    await flood(behind)
    vi.setSystemTime(start)
    const before = (await all()).length
    await flood(right)
    expect((await all()).length - before).toBeLessThanOrEqual(24)
  })

  it('wait while the log is away, in bounded memory, and without holding up whoever is refused', async () => {
    const { log, open, errors, all } = audits()
    let away = true
    let asked = 0
    const failing = {
      readStream: log.readStream.bind(log),
      append: (...given: Parameters<EventLog['append']>) => {
        asked += 1
        return away ? Promise.reject(new EventLogError('EVENT_LOG_UNAVAILABLE', 'away')) : log.append(...given)
      },
    }
    const audit = open(failing)
    const flooded = organizations(200)
    for (let number = 0; number < 5_000; number++)
      await audit.record(attempt({ organizationId: flooded[number % 200] as OrganizationId, ...byUser(number) }))
    expect(asked).toBe(1)
    const end = Date.now() + 5 * 60_000
    await passUntil('minutes have passed', async () => Date.now() > end)
    expect(errors.length).toBeLessThan(25)
    expect(await all()).toEqual([])
    away = false
    await passUntil('it is recorded', async () => refusals(await all()) === 5_000)
    expectWithinLimit(await all())
  })

  it('say what else a process had counted, so that it is known what is lost when it is killed', async () => {
    const { log, open, all } = audits()
    let isKilled = false
    const killed = open({
      readStream: log.readStream.bind(log),
      append: (...given) => (isKilled ? new Promise(() => undefined) : log.append(...given)),
    })
    const flooded = organizations(100)
    for (const organizationId of flooded)
      for (let user = 0; user < 4; user++) await killed.record(attempt({ organizationId, ...byUser(user) }))
    const known = (events: readonly RecordedEvent[]) => refusals(events) + lastReservation(events).waiting.count
    await passUntil('a minute is recorded', async () => {
      const events = await all()
      return refusals(events) > 50 && known(events) === 400
    })
    isKilled = true
    const events = await all()
    const { waiting } = lastReservation(events)
    expect(waiting.organizations).toBe(waiting.most.length)
    expect(total(waiting.most.map(({ count }) => count))).toBe(waiting.count)
    // The next process finds the room that is left, and no more.
    const next = open()
    for (const organizationId of flooded) await next.record(attempt({ organizationId, ...byUser(1) }))
    await passUntil('the next one records', async () => refusals(await all()) === 500 - waiting.count)
    expectWithinLimit(await all())
  })

  it('of a service that stops are what there is room for, and of the rest who and how often', async () => {
    const { open, all } = audits()
    const audit = open()
    const flooded = organizations(200)
    for (const organizationId of flooded) await audit.record(attempt({ organizationId, ...byUser(1) }))
    await audit.close()
    const events = await all()
    expectWithinLimit(events)
    const { waiting } = lastReservation(events)
    expect(refusals(events) + waiting.count).toBe(200)
    const missing = flooded.filter((id) => events.every(({ metadata }) => metadata.organizationId !== id))
    expect(waiting.most.map(({ organizationId }) => organizationId).sort()).toEqual(missing.sort())
    const operators = events.filter(({ metadata }) => metadata.organizationId === unknownOrganization)
    expect(new Set(operators.map(({ streamId }) => streamId))).toEqual(
      new Set([streams.security(unknownOrganization, new Date(start).toISOString())]),
    )
  })
})
