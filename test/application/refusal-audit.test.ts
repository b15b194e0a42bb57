import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openRefusalAudit, type RefusalAudit, type RefusedAttempt } from '../../application/index.ts'
import {
  type ApiTokenId,
  type FurtherCommandsRefused,
  type OrganizationId,
  type RefusalCount,
  streams,
  type UserId,
} from '../../domain/index.ts'
import { type EventLog, EventLogError, openSqliteEventLog, readWholeStream } from '../../event-log/index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const start = Date.parse('2026-03-01T12:00:00.000Z')
const organizationId = '0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b' as OrganizationId

afterEach(() => void vi.useRealTimers())

/** Audits over one log, as several processes would have, and a clock that turns with their timers. */
function audits() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: start })
  const log = openSqliteEventLog({ path: `${temporaryFolder()}/log.db` })
  const errors: unknown[] = []
  const now = () => new Date().toISOString()
  const open = (over: Pick<EventLog, 'append' | 'readStream'> = log): RefusalAudit =>
    openRefusalAudit({ log: over as EventLog, now, onError: (error) => errors.push(error) })
  const recorded = async (organization = organizationId) => {
    const days = [start, start + 86_400_000].map((day) => streams.security(organization, new Date(day).toISOString()))
    return (await Promise.all(days.map((day) => readWholeStream(log, day)))).flatMap(({ events }) => events)
  }
  return { log, open, errors, recorded, counts: async () => (await recorded()).map(({ data }) => data.count as number) }
}

function attempt(of: Partial<RefusedAttempt> = {}): RefusedAttempt {
  return {
    organizationId,
    actor: { kind: 'anonymous' },
    remoteAddress: '192.0.2.1',
    command: 'authenticate',
    subject: null,
    refusal: { code: 'TOKEN_INVALID', message: 'No.' },
    callId: randomUUID(),
    ...of,
  }
}

function byUser(number = 1): Partial<RefusedAttempt> {
  const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  return {
    actor: { kind: 'user', userId: id as UserId, authentication: { method: 'apiToken', tokenId: id as ApiTokenId } },
  }
}

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0)

describe('refusals', () => {
  it('are recorded at once the first time, then counted for a minute and recorded together', async () => {
    const { open, recorded } = audits()
    const audit = open()
    for (let number = 0; number < 4; number++) {
      await audit.record(attempt())
      vi.advanceTimersByTime(10_000)
    }
    await audit.record(attempt({ remoteAddress: '192.0.2.8' }))
    expect(await recorded()).toMatchObject([
      { data: { count: 1, firstAt: '2026-03-01T12:00:00.000Z' }, metadata: { remoteAddress: '192.0.2.1' } },
      { data: { count: 1, firstAt: '2026-03-01T12:00:40.000Z' }, metadata: { remoteAddress: '192.0.2.8' } },
    ])
    vi.advanceTimersByTime(20_000)
    await until('the minute is recorded', async () => (await recorded()).length === 3)
    expect((await recorded())[2]).toMatchObject({
      type: 'CommandRefused',
      data: { count: 3, firstAt: '2026-03-01T12:00:10.000Z', lastAt: '2026-03-01T12:00:30.000Z' },
      metadata: { actor: { kind: 'anonymous' }, remoteAddress: '192.0.2.1', organizationId },
    })
    // The next minute begins with a record of its own.
    await audit.record(attempt())
    expect(await recorded()).toHaveLength(4)
  })

  it('of one person are one kind, whatever they name; an id stands there only when all were about it', async () => {
    const { open, recorded } = audits()
    const audit = open()
    const [one, other] = [randomUUID(), randomUUID()]
    for (const subject of [one, other, other]) await audit.record(attempt({ ...byUser(1), subject }))
    for (const subject of [one, other, 'invented']) await audit.record(attempt({ ...byUser(2), subject }))
    await audit.record(attempt({ ...byUser(3), subject: 'x'.repeat(100_000) }))
    await audit.close()
    const subjects = (await recorded()).map(({ data, metadata }) => [
      metadata.actor.kind === 'user' && metadata.actor.userId.at(-1),
      data.subject,
      data.count,
    ])
    expect(subjects).toEqual([
      ['1', one, 1],
      ['2', one, 1],
      ['3', null, 1],
      ['1', other, 2],
      ['2', null, 2],
    ])
  })

  it('of addresses that change within a network are one kind, and the network is named', async () => {
    const { open, recorded } = audits()
    const audit = open()
    for (let host = 1; host <= 100; host++) await audit.record(attempt({ remoteAddress: `2001:db8::${host}` }))
    await audit.close()
    expect((await recorded()).map(({ data, metadata }) => [metadata.remoteAddress, data.count])).toEqual([
      ['2001:db8::1', 1],
      ['2001:db8:0:0::/64', 99],
    ])
  })

  it('of a flood from ever new addresses are sixty events a minute, all counted, and people stay visible', async () => {
    const { open, recorded, counts } = audits()
    const audit = open()
    const minutes = 3
    const attempts = 4_000
    for (let minute = 0; minute < minutes; minute++) {
      await Promise.all(
        Array.from({ length: attempts }, (_, number) =>
          audit.record(
            attempt({
              remoteAddress: `198.${minute}.${number >> 8}.${number & 255}`,
              refusal: { code: 'TOKEN_INVALID', message: 'No. '.repeat(1000) },
            }),
          ),
        ),
      )
      await audit.record(attempt({ ...byUser(minute), command: 'approveSigningRequest' }))
      const before = (await recorded()).length
      vi.advanceTimersByTime(60_000)
      await until('the minute is recorded', async () => (await recorded()).length > before)
    }
    await audit.close()
    const events = await recorded()
    expect(total(await counts())).toBe(minutes * (attempts + 1))
    const moments = events.map(({ metadata }) => Date.parse(metadata.occurredAt))
    for (const moment of moments)
      expect(moments.filter((each) => each >= moment && each < moment + 60_000).length).toBeLessThanOrEqual(60)
    for (let minute = 0; minute < minutes; minute++)
      expect(
        events.filter(({ metadata: { actor } }) => actor.kind === 'user' && actor.userId.endsWith(`${minute}`)),
      ).toHaveLength(1)
    // However many there were, an event stays small.
    for (const event of events) expect(JSON.stringify(event).length).toBeLessThan(50_000)
    const further = events.filter(({ type }) => type === 'FurtherCommandsRefused')
    expect(further.length).toBe(minutes)
    for (const { data } of further) {
      const { count, kinds, unnamed } = data as unknown as FurtherCommandsRefused['data']
      expect(kinds).toHaveLength(30)
      expect(total(kinds.map((kind) => kind.count)) + unnamed).toBe(count)
    }
  })

  it('of a flood by many people name who did what, and how often', async () => {
    const { open, recorded, counts } = audits()
    const audit = open()
    for (let round = 0; round < 3; round++)
      await Promise.all(Array.from({ length: 100 }, (_, user) => audit.record(attempt(byUser(user)))))
    await audit.close()
    expect((await recorded()).length).toBeLessThanOrEqual(60)
    expect(total(await counts())).toBe(300)
    type Named = Pick<RefusalCount, 'actor' | 'count'>
    const named = (await recorded()).flatMap<Named>(({ type, data, metadata }) =>
      type === 'FurtherCommandsRefused'
        ? (data as unknown as FurtherCommandsRefused['data']).kinds
        : [{ actor: metadata.actor, count: data.count as number }],
    )
    for (let user = 0; user < 100; user++) {
      const ofUser = named.filter(({ actor }) => JSON.stringify(actor) === JSON.stringify(byUser(user).actor))
      expect(total(ofUser.map(({ count }) => count))).toBe(3)
    }
  })

  it('that several processes record are sixty events a minute together', async () => {
    const { open, recorded, counts } = audits()
    const processes = [open(), open(), open()]
    await Promise.all(
      processes.flatMap((audit, process) =>
        Array.from({ length: 200 }, (_, number) =>
          audit.record(attempt({ ...byUser(number % 50), command: `command${process}` })),
        ),
      ),
    )
    vi.advanceTimersByTime(60_000)
    // For whom this minute has no room, records in the next.
    await until('the minute is full', async () => (await recorded()).length > 55)
    for (const audit of processes) await audit.close()
    expect(total(await counts())).toBe(600)
    const moments = (await recorded()).map(({ metadata }) => Date.parse(metadata.occurredAt))
    for (const moment of moments)
      expect(moments.filter((each) => each >= moment && each < moment + 60_000).length).toBeLessThanOrEqual(60)
  })

  it('of each organization are counted for itself', async () => {
    const { open, recorded } = audits()
    const audit = open()
    const other = randomUUID() as OrganizationId
    for (let number = 0; number < 500; number++)
      await audit.record(attempt({ remoteAddress: `198.51.${number >> 8}.${number & 255}` }))
    await audit.record(attempt({ organizationId: other }))
    expect(await recorded(other)).toMatchObject([{ data: { count: 1 }, metadata: { organizationId: other } }])
  })

  it('are all recorded when the service stops, also when the minute has no room any more', async () => {
    const { open, counts } = audits()
    const [audit, another] = [open(), open()]
    for (const each of [audit, another])
      for (let number = 0; number < 300; number++) await each.record(attempt(byUser(number)))
    await Promise.all([audit.close(), another.close()])
    expect(total(await counts())).toBe(600)
    expect((await counts()).length).toBeLessThanOrEqual(61)
  })

  it('stay refusals while the log is away, and are recorded when it is back', async () => {
    const { log, open, errors, counts } = audits()
    let away = true
    const failing = {
      readStream: log.readStream.bind(log),
      append: (...given: Parameters<EventLog['append']>) =>
        away ? Promise.reject(new EventLogError('EVENT_LOG_UNAVAILABLE', 'away')) : log.append(...given),
    }
    const audit = open(failing)
    for (let number = 0; number < 5; number++) await audit.record(attempt())
    vi.advanceTimersByTime(60_000)
    await until('it was tried', () => errors.length === 2)
    expect(await counts()).toEqual([])
    away = false
    await audit.close()
    expect(await counts()).toEqual([5])
  })

  it('after midnight stand in the stream of the new day, within the same limit', async () => {
    const { open, recorded } = audits()
    vi.setSystemTime(start + 12 * 3_600_000 - 5_000)
    const audit = open()
    for (let number = 0; number < 15; number++) await audit.record(attempt(byUser(number)))
    vi.setSystemTime(start + 12 * 3_600_000 + 5_000)
    for (let number = 100; number < 115; number++) await audit.record(attempt(byUser(number)))
    const days = (await recorded()).map(({ streamId }) => streamId.slice(-10))
    expect(days.filter((day) => day === '2026-03-01')).toHaveLength(15)
    expect(days.filter((day) => day === '2026-03-02')).toHaveLength(5)
    await audit.close()
  })

  it('after midnight are limited by what another process recorded before it', async () => {
    const { open, recorded } = audits()
    vi.setSystemTime(start + 12 * 3_600_000 - 5_000)
    const before = open()
    for (let number = 0; number < 15; number++) await before.record(attempt(byUser(number)))
    vi.setSystemTime(start + 12 * 3_600_000 + 5_000)
    const after = open()
    for (let number = 100; number < 115; number++) await after.record(attempt(byUser(number)))
    const days = (await recorded()).map(({ streamId }) => streamId.slice(-10))
    expect(days.filter((day) => day === '2026-03-02')).toHaveLength(5)
    await before.close()
    await after.close()
  })
})
