import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { FurtherCommandsRefused, OrganizationId, RefusalCount } from '../../domain/index.ts'
import { type EventLog, EventLogError } from '../../event-log/index.ts'
import {
  attempt,
  audits,
  byUser,
  expectWithinLimit,
  refusedOrganization as organizationId,
  passUntil,
  total,
} from '../support/refusal-audits.ts'
import { until } from '../support/until.ts'

afterEach(() => void vi.useRealTimers())

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

  it('of one person with one code are one kind, whatever they ask for and name', async () => {
    const { open, recorded, request } = audits()
    const audit = open()
    const [one, other] = [await request(), await request()]
    for (const subject of [one, other, other]) await audit.record(attempt({ ...byUser(1), subject }))
    for (const subject of [one, other, 'invented']) await audit.record(attempt({ ...byUser(2), subject }))
    for (let number = 0; number < 30; number++)
      await audit.record(attempt({ ...byUser(3), command: `command${number}` }))
    await audit.close()
    const records = (await recorded()).map(({ data, metadata }) => [
      metadata.actor.kind === 'user' && metadata.actor.userId.at(-1),
      data.subject,
      data.commands,
      data.count,
    ])
    const [idOfOne, idOfOther] = [one, other].map((stream) => stream.slice('signingRequest-'.length))
    expect(records).toEqual([
      ['1', idOfOne, ['authenticate'], 1],
      ['2', idOfOne, ['authenticate'], 1],
      ['3', null, ['command0'], 1],
      ['1', idOfOther, ['authenticate'], 2],
      ['2', null, ['authenticate'], 2],
      ['3', null, Array.from({ length: 10 }, (_, number) => `command${number + 1}`), 29],
    ])
  })

  it('name an entity only when the organization has it: any other id is what somebody typed, perhaps a secret', async () => {
    const { open, all, request } = audits()
    const audit = open()
    const elsewhere = await request(randomUUID() as OrganizationId)
    const typed = [`signingRequest-${randomUUID()}`, elsewhere, 'user-csk_secret', 'a secret', 'x'.repeat(100_000)]
    for (const [number, subject] of typed.entries()) await audit.record(attempt({ ...byUser(number), subject }))
    for (const [number, subject] of typed.entries()) await audit.record(attempt({ ...byUser(number), subject }))
    await audit.close()
    const written = JSON.stringify(await all())
    for (const subject of typed) expect(written).not.toContain(subject.slice(subject.indexOf('-') + 1))
    const [{ data } = { data: {} }] = (await all()).filter(({ type }) => type === 'CommandRefused')
    expect(Object.keys(data).sort()).toEqual([
      'code',
      'commands',
      'count',
      'firstAt',
      'lastAt',
      'schemaVersion',
      'subject',
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
    const { open, recorded, counts, all } = audits()
    const audit = open()
    const minutes = 3
    const attempts = 4_000
    for (let minute = 0; minute < minutes; minute++) {
      await Promise.all(
        Array.from({ length: attempts }, (_, number) =>
          audit.record(attempt({ remoteAddress: `198.${minute}.${number >> 8}.${number & 255}` })),
        ),
      )
      await audit.record(attempt({ ...byUser(minute), command: 'approveSigningRequest' }))
      const made = (minute + 1) * (attempts + 1)
      await passUntil('the minute is recorded', async () => total(await counts()) === made)
    }
    await audit.close()
    const events = await recorded()
    expect(total(await counts())).toBe(minutes * (attempts + 1))
    expectWithinLimit(await all())
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

  it('that are being recorded while the service stops are counted and recorded when that fails', async () => {
    const { log, open, counts, errors } = audits()
    const failure = Promise.withResolvers<never>()
    let isFirst = true
    const audit = open({
      readStream: log.readStream.bind(log),
      async append(...given) {
        const [, events] = given
        if (isFirst && events[0]?.type === 'CommandRefused') {
          isFirst = false
          await failure.promise
        }
        return log.append(...given)
      },
    })
    const recorded = audit.record(attempt())
    await until('its reservation stands, and its record is being appended', async () => !isFirst)
    const closed = audit.close()
    failure.reject(new EventLogError('EVENT_LOG_UNAVAILABLE', 'The log is away.'))
    await Promise.all([recorded, closed])
    expect(errors).toMatchObject([{ code: 'EVENT_LOG_UNAVAILABLE' }])
    expect(await counts()).toEqual([1])
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
})
