import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type EventLog,
  type NewEvent,
  openSqliteEventLog,
  type Upcaster,
  withUpcasters,
} from '../../event-log/index.ts'
import { collect, collectUntil, newEvent, newStream } from '../support/event-log/events.ts'

/** An imagined history: version 2 split the name of a parcel's receiver, version 3 added the country. */
const upcasters: readonly Upcaster[] = [
  {
    of: 'data',
    type: 'ParcelSent',
    fromVersion: 2,
    upcast: (event) => ({ ...event, data: { ...event.data, country: 'unknown' } }),
  },
  {
    of: 'data',
    type: 'ParcelSent',
    fromVersion: 1,
    upcast: ({ data: { name, ...rest }, ...event }) => {
      const [givenName, familyName] = String(name).split(' ')
      return { ...event, data: { ...rest, givenName, familyName } }
    },
  },
]

describe('old events are upcast on read', () => {
  let folder: string
  let log: EventLog

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-event-log-'))
    log = openSqliteEventLog({ path: join(folder, 'events.db') })
  })
  afterEach(async () => {
    await log.close()
    await rm(folder, { recursive: true })
  })

  const parcel = (data: object) => newEvent(data, 'ParcelSent')
  const newest = { schemaVersion: 3, givenName: 'Ada', familyName: 'Lovelace', country: 'unknown' }

  test('step by step, in every way of reading, and never in the log itself', async () => {
    const stream = newStream()
    const old = parcel({ name: 'Ada Lovelace' })
    const upcasting = withUpcasters(log, upcasters)
    await upcasting.append(stream, [old], 'noStream')

    const [recorded] = await collect(log.readStream(stream))
    const upcast = { ...recorded, data: newest }
    expect(await collect(upcasting.readStream(stream))).toEqual([upcast])
    expect(await collect(upcasting.readAll())).toEqual([upcast])
    const subscription = upcasting.subscribe({ signal: AbortSignal.timeout(20_000) })
    expect(await collectUntil(subscription, (events) => events.length === 1)).toEqual([upcast])
    expect(recorded?.data).toEqual(old.data)
    const [read] = await collect(upcasting.readStream(stream))
    expect(read?.stored.data.text).toBe(JSON.stringify(old.data))
    expect(read?.stored.data.jsonOf(read.data)).toBe(JSON.stringify(newest))
    expect(await upcasting.head()).toBe(recorded?.position)
  })

  test('from whatever version they have, and not beyond the newest', async () => {
    const stream = newStream()
    const versions = [
      parcel({ schemaVersion: 2, givenName: 'Ada', familyName: 'Lovelace' }),
      parcel({ ...newest, country: 'gb' }),
      parcel({ schemaVersion: 4, mystery: true }),
    ]
    await log.append(stream, versions, 'noStream')
    const read = await collect(withUpcasters(log, upcasters).readStream(stream))
    expect(read.map(({ data }) => data)).toEqual([newest, versions[1]?.data, versions[2]?.data])
  })

  test('only when an upcaster knows their type', async () => {
    const stream = newStream()
    await log.append(stream, [newEvent({ name: 'Ada Lovelace' }, 'ParcelLost')], 'noStream')
    expect(await collect(withUpcasters(log, upcasters).readAll())).toEqual(await collect(log.readAll()))
  })

  test.each([
    ['has no version', { schemaVersion: undefined }],
    ['has a version that is none', { schemaVersion: '1' }],
  ])('and one that %s is corrupt', async (_, data) => {
    await log.append(newStream(), [parcel(data)], 'noStream')
    const corrupt = { code: 'EVENT_LOG_CORRUPT', message: expect.stringContaining('position 0000000000000001') }
    await expect(collect(withUpcasters(log, upcasters).readAll())).rejects.toMatchObject(corrupt)
  })

  test('and an upcaster that fails is named with the event', async () => {
    const failing: Upcaster = {
      of: 'data',
      type: 'ParcelSent',
      fromVersion: 1,
      upcast: () => {
        throw new TypeError('no name')
      },
    }
    await log.append(newStream(), [parcel({})], 'noStream')
    const corrupt = { code: 'EVENT_LOG_CORRUPT', cause: expect.any(TypeError) }
    await expect(collect(withUpcasters(log, [failing]).readAll())).rejects.toMatchObject(corrupt)
  })

  test('by steps that follow on each other', () => {
    const step = (fromVersion: number): Upcaster => ({
      of: 'data',
      type: 'ParcelSent',
      fromVersion,
      upcast: (event) => event,
    })
    expect(() => withUpcasters(log, [step(1), step(1)])).toThrow('Two upcasters take version 1 of ParcelSent.')
    expect(() => withUpcasters(log, [step(3), step(1)])).toThrow('No upcaster takes version 2 of ParcelSent')
  })

  describe('with their metadata, which has versions of its own', () => {
    const older = (content: object): NewEvent => {
      const event = parcel({ name: 'Ada Lovelace' })
      const { actor: _, ...metadata } = event.metadata
      return { ...event, metadata: { ...metadata, ...content } as never }
    }
    const actor = { kind: 'system', component: 'desk' }
    /** An imagined history: metadata named a sender in version 1, and the data says since then how it was sent. */
    const withMetadata: readonly Upcaster[] = [
      {
        of: 'metadata',
        fromVersion: 1,
        upcast: ({ metadata: { sender, ...rest }, ...event }) => ({
          ...event,
          metadata: { ...rest, actor: { kind: 'system', component: sender } },
        }),
      },
      {
        of: 'data',
        type: 'ParcelSent',
        fromVersion: 1,
        upcast: ({ data, metadata }) => ({
          type: 'ParcelPosted',
          data: { ...data, postedBy: (metadata.actor as { component: string }).component },
          metadata,
        }),
      },
      {
        of: 'data',
        type: 'ParcelPosted',
        fromVersion: 2,
        upcast: (event) => ({ ...event, data: { ...event.data, priority: false } }),
      },
    ]
    const read = async (event: NewEvent) => {
      await log.append(newStream(), [event], 'noStream')
      return collect(withUpcasters(log, withMetadata).readAll())
    }

    test('and a step of data sees the newest metadata, may rename the event, and goes on under the new name', async () => {
      const [event] = await read(older({ sender: 'desk' }))
      expect(event).toMatchObject({
        type: 'ParcelPosted',
        data: { schemaVersion: 3, name: 'Ada Lovelace', postedBy: 'desk', priority: false },
        metadata: { schemaVersion: 2, actor },
      })
      expect(event?.metadata).not.toHaveProperty('sender')
    })

    test('of every type', async () => {
      const other = { ...older({ sender: 'desk' }), type: 'ParcelLost' }
      expect(await read(other)).toMatchObject([{ type: 'ParcelLost', metadata: { schemaVersion: 2, actor } }])
    })

    test('and not beyond the newest', async () => {
      const newest = older({ schemaVersion: 2, actor })
      expect(await read(newest)).toMatchObject([{ type: 'ParcelPosted', metadata: newest.metadata }])
    })

    test('and metadata without a version is corrupt', async () => {
      await expect(read(older({ schemaVersion: undefined }))).rejects.toMatchObject({
        code: 'EVENT_LOG_CORRUPT',
        message: expect.stringContaining('of its metadata'),
      })
    })

    test('by steps that follow on each other', () => {
      const step = (fromVersion: number): Upcaster => ({ of: 'metadata', fromVersion, upcast: (event) => event })
      expect(() => withUpcasters(log, [step(1), step(1)])).toThrow('Two upcasters take version 1 of the metadata.')
      expect(() => withUpcasters(log, [step(3), step(1)])).toThrow('No upcaster takes version 2 of the metadata')
    })
  })
})
