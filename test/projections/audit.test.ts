import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fold, parseStreamName, signingRequestDecider } from '../../domain/index.ts'
import { type EventLog, openSqliteEventLog, readWholeStream } from '../../event-log/index.ts'
import { projections } from '../../projections/catalogue.ts'
import {
  compareReadModel,
  openSqliteReadModel,
  type ReadModelDatabase,
  rebuildReadModel,
  replayLog,
} from '../../projections/index.ts'
import { collect } from '../support/event-log/events.ts'
import { anyMoves, play } from '../support/random-history/index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const history = fc.sample(anyMoves(500), { numRuns: 1, seed: 11 })[0] ?? []

async function open(): Promise<{ readonly log: EventLog; readonly database: ReadModelDatabase }> {
  const folder = temporaryFolder()
  const log = openSqliteEventLog({ path: join(folder, 'log.db') })
  const database = openSqliteReadModel({ path: join(folder, 'read-model.db') })
  onTestFinished(async () => {
    await database.close()
    await log.close()
  })
  await play(log, history)
  await rebuildReadModel({ log, database })
  return { log, database }
}

describe('a replay', () => {
  it("folds every stream as the domain's deciders do", async () => {
    const { log } = await open()
    const { events, ...replay } = await replayLog(log)
    const states = [...replay.states]
    expect(replay.streams).toBe(states.length)
    let recorded = 0
    for await (const batch of log.readAll()) recorded += batch.length
    expect(events).toBe(recorded)
    const requests = states.filter(({ streamId }) => streamId.startsWith('signingRequest-'))
    expect(requests.length).toBeGreaterThan(3)
    for (const { streamId, revision, stateJson } of requests) {
      const whole = await readWholeStream(log, streamId)
      expect(revision).toBe(whole.revision)
      expect(JSON.parse(stateJson)).toEqual(fold(signingRequestDecider, whole.events))
    }
    expect(JSON.stringify(states)).not.toContain('tokenHash')
  })

  it('stops at a moment, or keeps to one stream', async () => {
    const { log } = await open()
    const all: { streamId: string; occurredAt: string }[] = []
    for await (const batch of log.readAll())
      all.push(...batch.map(({ streamId, metadata: { occurredAt } }) => ({ streamId, occurredAt })))
    const ofEntities = all.filter(({ streamId }) => (parseStreamName(streamId)?.kind ?? '') in projections)
    const middle = ofEntities[Math.floor(ofEntities.length / 2)]
    if (middle === undefined) throw new Error('nothing happened')
    const until = await replayLog(log, { until: middle.occurredAt })
    expect(until.events).toBe(all.filter(({ occurredAt }) => occurredAt <= middle.occurredAt).length)
    expect([...(await replayLog(log, { until: '2000-01-01T00:00:00.000Z' })).states]).toEqual([])
    const one = await replayLog(log, { streamId: middle.streamId })
    expect([...one.states].map(({ streamId }) => streamId)).toEqual([middle.streamId])
    expect(one.events).toBe(all.filter(({ streamId }) => streamId === middle.streamId).length)
    expect([...(await replayLog(log, { streamId: 'user-unknown' })).states]).toEqual([])
  })
})

describe('a comparison', () => {
  it('finds nothing where nothing is wrong', async () => {
    const { log, database } = await open()
    const { position, events, differences } = await compareReadModel(log, database)
    expect(differences).toEqual([])
    expect(position).toBe(await log.head())
    expect(events).toBeGreaterThan(100)
  })

  it('names the entity and the place of every row that says something else', async () => {
    const { log, database } = await open()
    const { writes } = database
    const [first, second, third] = await writes.selectFrom('signing_requests').selectAll().execute()
    if (first === undefined || second === undefined || third === undefined) throw new Error('too few requests')
    const state = JSON.parse(first.state)
    state.approvals = [...state.approvals, { approver: 'x', planDigest: 'y', comment: null }]
    state.description = 'something else'
    await writes
      .updateTable('signing_requests')
      .set({ state: JSON.stringify(state) })
      .where('id', '=', first.id)
      .execute()
    await writes
      .updateTable('signing_requests')
      .set({ workflow_status: 'Unheard' })
      .where('id', '=', second.id)
      .execute()
    await writes.deleteFrom('signing_requests').where('id', '=', third.id).execute()
    const project = await writes.selectFrom('projects').selectAll().executeTakeFirstOrThrow()
    await writes
      .insertInto('projects')
      .values({ ...project, id: 'ghost' })
      .execute()
    const event = await writes.selectFrom('events').selectAll().where('revision', '=', 0).executeTakeFirstOrThrow()
    await writes.updateTable('events').set({ data: '{}' }).where('position', '=', event.position).execute()

    const found = (await compareReadModel(log, database)).differences
    const places = found.map(({ streamId, path }) => `${streamId} ${path}`)
    expect(new Set(places)).toEqual(
      new Set([
        `signingRequest-${first.id} approvals[${state.approvals.length - 1}]`,
        `signingRequest-${first.id} description`,
        `signingRequest-${second.id} columns.workflow_status`,
        `signingRequest-${third.id} `,
        'project-ghost ',
        `${event.stream_id} events[0].data`,
      ]),
    )
    const changed = found.find(({ path }) => path === 'columns.workflow_status')
    expect(changed).toMatchObject({ log: second.workflow_status, readModel: 'Unheard' })
    const only = await compareReadModel(log, database, `signingRequest-${second.id}`)
    expect(only.differences).toHaveLength(1)
  })

  it('counts all differences, and keeps a thousand at the most', async () => {
    const { log, database } = await open()
    await database.writes.updateTable('events').set({ type: 'Other', metadata: '{}', data: '{}', id: 'x' }).execute()
    const { differences, differenceCount } = await compareReadModel(log, database)
    expect(differences).toHaveLength(1_000)
    const events = (await collect(log.readAll())).length
    expect(differenceCount).toBeGreaterThan(2 * events)
  })

  it('does not take for a difference what the read model learned while it compared', async () => {
    const { log, database } = await open()
    const moving: Pick<EventLog, 'readAll' | 'readStream'> = {
      readStream: (...args) => log.readStream(...args),
      async *readAll(options) {
        yield* log.readAll(options)
        const more = openSqliteEventLog({ path: join(temporaryFolder(), 'more.db') })
        await play(more, [...history, ...(fc.sample(anyMoves(200), { numRuns: 1, seed: 12 })[0] ?? [])])
        for await (const events of more.readAll())
          for (const { streamId, revision, ...event } of events)
            await log.append(streamId, [event], revision === 0 ? 'noStream' : revision - 1)
        await more.close()
        await rebuildReadModel({ log, database })
      },
    }
    const { differences, position } = await compareReadModel(moving, database)
    expect(differences).toEqual([])
    expect((await log.head()) ?? '').not.toBe(position)
  })
})
