import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { findUnfinished, openUnfinishedIndex, type Unfinished } from '../../application/index.ts'
import {
  certificateDecider,
  fold,
  isFinalStatus,
  keyDecider,
  parseStreamName,
  signingRequestDecider,
} from '../../domain/index.ts'
import { type EventLog, openSqliteEventLog, type RecordedEvent } from '../../event-log/index.ts'
import { unfinishedFile } from '../../server/unfinished-file.ts'
import { anyMoves, type Move, play } from '../support/random-history/index.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const suite = suiteFolder()
const never = new AbortController().signal
const moves: readonly Move[] = fc.sample(anyMoves(300), { numRuns: 1, seed: 31 })[0] ?? []

const history: RecordedEvent[] = []
beforeAll(async () => {
  const whole = openSqliteEventLog({ path: join(suite, 'whole.db') })
  await play(whole, moves)
  history.push(...(await everything(whole)))
  await whole.close()
})

async function everything(log: EventLog): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const batch of log.readAll()) events.push(...batch)
  return events
}

async function setUp() {
  const folder = temporaryFolder()
  const path = join(folder, 'unfinished.json')
  const events = history
  const log = openSqliteEventLog({ path: join(folder, 'log.db') })
  onTestFinished(() => log.close())
  return { folder, path, store: unfinishedFile(path), log, events }
}

async function happen(log: EventLog, events: readonly RecordedEvent[]): Promise<void> {
  for (const { streamId, revision, position: _, ...event } of events)
    await log.append(streamId, [event], revision === 0 ? 'noStream' : revision - 1)
}

/** What the deciders say is unfinished. */
function folded(events: readonly RecordedEvent[]) {
  const unfinished = { requests: new Set<string>(), keys: new Set<string>(), certificates: new Set<string>() }
  for (const [stream, ofStream] of Map.groupBy(events, ({ streamId }) => streamId)) {
    const name = parseStreamName(stream)
    if (name?.kind === 'signingRequest') {
      const { workflowStatus } = fold(signingRequestDecider, ofStream)
      if (workflowStatus !== 'none' && !isFinalStatus(workflowStatus)) unfinished.requests.add(name.id)
    }
    if (name?.kind === 'key') {
      const key = fold(keyDecider, ofStream)
      // Of one that is to be imported the transport key is made; its private half is with whoever brings it.
      const isToBeMade = key.status === 'requested' && key.transportKey === null
      const isToBeDestroyed = key.status !== 'none' && key.status !== 'destroyed' && key.deletion?.confirmedBy != null
      if (isToBeMade || isToBeDestroyed) unfinished.keys.add(name.id)
    }
    if (name?.kind === 'certificate') {
      const state = fold(certificateDecider, ofStream)
      const isAsked =
        state.status === 'requested' ||
        (state.status === 'active' && state.renewal.requested && state.signingRequest === null)
      if (isAsked) unfinished.certificates.add(name.id)
    }
  }
  return unfinished
}

const plain = (unfinished: ReturnType<typeof folded> | Unfinished | undefined) =>
  unfinished && {
    requests: [...unfinished.requests].toSorted(),
    keys: [...unfinished.keys].toSorted(),
    certificates: [...unfinished.certificates].toSorted(),
  }

/** Opens the index, waits until it is known, and closes it; tells how many events it read. */
async function once(log: EventLog, store: Parameters<typeof openUnfinishedIndex>[0]['store']) {
  let read = 0
  const counted = {
    head: log.head,
    readAll: (options?: Parameters<EventLog['readAll']>[0]) => log.readAll(options),
    async *subscribe(options: Parameters<EventLog['subscribe']>[0]) {
      for await (const batch of log.subscribe(options)) {
        read += batch.events.length
        yield batch
      }
    },
  }
  const errors: unknown[] = []
  const index = openUnfinishedIndex({ log: counted, store, onError: (error) => errors.push(error) })
  const unfinished: Unfinished | undefined = await index.whenKnown(never)
  const found = plain(unfinished)
  await index.close()
  return { found, read, errors }
}

describe('the index of what is unfinished', () => {
  it('says what the deciders say, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(anyMoves(250), async (history) => {
        const log = openSqliteEventLog({ path: join(temporaryFolder(), 'log.db') })
        onTestFinished(() => log.close())
        await play(log, history)
        const events = await everything(log)
        expect(plain(await findUnfinished(log, { load: async () => undefined }))).toEqual(plain(folded(events)))
      }),
      { numRuns: 6 },
    )
  })

  it('goes on at the next start from where it was kept, and reads nothing before that', async () => {
    const { log, events, store, path } = await setUp()
    const half = Math.floor(events.length / 2)
    await happen(log, events.slice(0, half))
    expect(await once(log, store)).toEqual({ found: plain(folded(events.slice(0, half))), read: half, errors: [] })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await happen(log, events.slice(half))
    expect(await once(log, store)).toEqual({ found: plain(folded(events)), read: events.length - half, errors: [] })
    expect((await once(log, store)).read).toBe(0)
    expect(plain(await findUnfinished(log, store))).toEqual(plain(folded(events)))
  })

  it.each([
    ['is half a file', (path: string) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, 100))],
    ['has something behind it', (path: string) => appendFileSync(path, 'x')],
    [
      'is of another version',
      (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace(/"version":\d+/, '"version":0')),
    ],
    ['is no index', (path: string) => writeFileSync(path, '["requests"]')],
  ])('is made from the log again when what was kept %s', async (_what, damage) => {
    const { log, events, store, path } = await setUp()
    await happen(log, events)
    await once(log, store)
    damage(path)
    expect(await once(log, store)).toEqual({ found: plain(folded(events)), read: events.length, errors: [] })
  })

  it.each([
    ['a shorter one', 0.3],
    ['one as long', 1],
  ])('is made again when the log was replaced by %s', async (_what, share) => {
    const { log, events, store, folder, path } = await setUp()
    await happen(log, events)
    await once(log, store)
    copyFileSync(path, join(folder, 'other.json'))
    const other = openSqliteEventLog({ path: join(folder, 'other.db') })
    onTestFinished(() => other.close())
    const theirs = events
      .slice(0, Math.floor(events.length * share))
      .map((event) => ({ ...event, id: crypto.randomUUID() }))
    await happen(other, theirs)
    const found = await once(other, unfinishedFile(join(folder, 'other.json')))
    expect(found).toEqual({ found: plain(folded(theirs)), read: theirs.length, errors: [] })
  })

  it('passes over what cannot be read, and still knows its log again', async () => {
    const { log, events, store, folder } = await setUp()
    await happen(log, events.slice(0, 40))
    const raw = new DatabaseSync(join(folder, 'log.db'))
    const insert = raw.prepare(
      "INSERT INTO events (stream_id, revision, id, type, data, metadata) VALUES (?, 0, ?, 'Broken', 'no JSON', '{}')",
    )
    insert.run('signingRequest-broken', crypto.randomUUID())
    await happen(log, events.slice(40, 41))
    insert.run('signingRequest-broken-too', crypto.randomUUID())
    raw.close()
    expect(await once(log, store)).toMatchObject({ found: plain(folded(events.slice(0, 41))), read: 41 })
    expect(await once(log, store)).toMatchObject({ found: plain(folded(events.slice(0, 41))), read: 0 })
    await happen(log, events.slice(41))
    expect(await once(log, store)).toMatchObject({ found: plain(folded(events)), read: events.length - 41 })
    expect(await once(log, store)).toMatchObject({ read: 0 })
  })

  it('is not known before it has been at the end of the log, and ends when it is told to', async () => {
    const { log, events, store } = await setUp()
    await happen(log, events)
    const gate = Promise.withResolvers<void>()
    const index = openUnfinishedIndex({
      log: {
        readAll: log.readAll,
        head: log.head,
        async *subscribe(options) {
          yield { events: events.slice(0, 10), unreadable: [], caughtUp: false }
          await gate.promise
          yield* log.subscribe({ ...options, after: events[9]?.position as (typeof events)[0]['position'] })
        },
      },
      store,
      onError: () => undefined,
    })
    const leaving = new AbortController()
    const left = index.whenKnown(leaving.signal)
    leaving.abort()
    expect(await left).toBeUndefined()
    const waiting = index.whenKnown(never)
    gate.resolve()
    expect(plain(await waiting)).toEqual(plain(folded(events)))
    await index.close()
  })

  it('goes on when the log was away, and works while it cannot be kept', async () => {
    const { log, events } = await setUp()
    await happen(log, events)
    let away = true
    const errors: unknown[] = []
    const index = openUnfinishedIndex({
      log: {
        readAll: log.readAll,
        head: log.head,
        subscribe(options) {
          if (!away) return log.subscribe(options)
          away = false
          throw new Error('The log is away.')
        },
      },
      store: { load: async () => undefined, save: () => Promise.reject(new Error('The disk is full.')) },
      onError: (error) => errors.push((error as Error).message),
    })
    expect(plain(await index.whenKnown(never))).toEqual(plain(folded(events)))
    await index.close()
    expect(errors).toEqual(['The log is away.', 'The disk is full.'])
  })
})
