import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { issueApiToken } from '../application/api-tokens.ts'
import { createUser } from '../application/create-user.ts'
import {
  type ApplicationDependencies,
  createApplication,
  createOrganization,
  openRefusalAudit,
} from '../application/index.ts'
import { Setup } from '../application/setup.ts'
import type { OrganizationId } from '../domain/index.ts'
import { type EventLog, openSqliteEventLog } from '../event-log/index.ts'
import {
  openPostgresReadModel,
  openReadModel,
  openSqliteReadModel,
  type ReadModelDatabase,
  ReadModelError,
  rebuildReadModel,
  startProjector,
} from '../projections/index.ts'
import { testPersons } from '../test/support/persons.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { until } from '../test/support/until.ts'
import { withFolder } from './folder.ts'
import { serveGraphQL } from './graphql-subscribers.ts'
import { median, quantile } from './median.ts'
import { rowsPerSecond } from './read-rows.ts'
import { completedRequest, recordedAs } from './request-history.ts'

/** How fast the read model is built, of one log, in each database. */
export type RebuildFigures = {
  readonly events: number
  /** The log's rows, read by `node:sqlite` alone. */
  readonly rowsPerSecond: number
  readonly sqliteEventsPerSecond: number
  readonly postgresEventsPerSecond: number
}

/**
 * Measures rebuilds of the read model from the SQLite log: completed requests of eight events each, fifty of them under
 * way at any time. The two databases and bare reading take turns; of each the median counts.
 *
 * @param requests how many requests the log holds
 */
export async function measureRebuild(requests = 20_000, rounds = 3): Promise<RebuildFigures> {
  return withFolder(async (folder) => {
    const path = join(folder, 'log.db')
    const log = openSqliteEventLog({ path })
    const organizationId = randomUUID() as OrganizationId
    for (let written = 0; written < requests; written += 50) await appendTogether(log, organizationId, 50)
    const server = await startPostgres()
    const sqlite: number[] = []
    const postgres: number[] = []
    const bare: number[] = []
    let events = 0
    async function rate(database: ReadModelDatabase): Promise<number> {
      try {
        const start = performance.now()
        events = (await rebuildReadModel({ log, database })).events
        return (events * 1_000) / (performance.now() - start)
      } finally {
        await database.close()
      }
    }
    try {
      for (let round = 0; round < rounds; round += 1) {
        sqlite.push(await rate(openSqliteReadModel({ path: join(folder, `read-model-${round}.db`) })))
        bare.push(rowsPerSecond(path))
        postgres.push(await rate(openPostgresReadModel({ connectionString: await server.newDatabase() })))
      }
      return {
        events,
        rowsPerSecond: median(bare),
        sqliteEventsPerSecond: median(sqlite),
        postgresEventsPerSecond: median(postgres),
      }
    } finally {
      await server.stop()
      await log.close()
    }
  })
}

/** How long it takes from an append to the subscribers' answers, in milliseconds. */
export type DeliveryFigures = { readonly answers: number; readonly medianMs: number; readonly p99Ms: number }

/**
 * Measures the way of an event from the call that appends it to the GraphQL answer that a subscriber has read, by
 * server-sent events over HTTP on the loopback: log, projector, read model, subscription, network.
 *
 * @param events how many events, one after the other
 * @param subscribers how many subscribers, each of which is sent each event
 */
export async function measureDelivery(events = 300, subscribers = 10): Promise<DeliveryFigures> {
  return withFolder(async (folder) => {
    const now = () => new Date().toISOString()
    const log = openSqliteEventLog({ path: join(folder, 'log.db') })
    const database = openSqliteReadModel({ path: join(folder, 'read-model.db') })
    const { readModel, progress } = openReadModel(database)
    const projector = startProjector({ log, database, progress })
    const refusals = openRefusalAudit({ log, now, onError: (error) => Promise.reject(error) })
    // Only who is asking matters here; workflows and artifacts are not asked for anything.
    const dependencies = { log, refusals, now, persons: testPersons() } as unknown as ApplicationDependencies
    const setup = new Setup(randomUUID() as OrganizationId)
    await createOrganization(dependencies, setup, { name: 'Bench' })
    const reader = { kind: 'interactive', name: 'Reader', email: null, roles: ['globalReader'] } as const
    const { userId } = await createUser(dependencies, setup, reader)
    const { token } = await issueApiToken(dependencies, setup, { userId, name: 'bench', expiresAt: null })
    const graphql = await serveGraphQL(createApplication(dependencies), readModel, token)
    const after = await log.head()
    if (after !== undefined)
      await until('the read model is built', async () => {
        try {
          await readModel.waitFor(after, { timeoutMs: 10_000 })
          return true
        } catch (error) {
          if (error instanceof ReadModelError && error.code === 'READ_MODEL_NOT_READY') return false
          throw error
        }
      })
    try {
      const streams = await Promise.all(Array.from({ length: subscribers }, () => graphql.subscribe(after ?? null)))
      const delays: number[] = []
      for (let number = 0; number < events; number += 1) {
        const [submitted] = completedRequest(setup.organizationId)
        if (submitted === undefined) throw new Error('A request has events.')
        const started = performance.now()
        const received = streams.map(async (stream) => {
          await stream.next()
          delays.push(performance.now() - started)
        })
        await log.append(submitted.streamId, [recordedAs(submitted, setup.organizationId)], 'noStream')
        await Promise.all(received)
      }
      return { answers: delays.length, medianMs: median(delays), p99Ms: quantile(delays, 0.99) }
    } finally {
      await graphql.close()
      await projector.stop()
      await readModel.close()
      await refusals.close()
      await log.close()
    }
  })
}

// One append an event, as the service does it, but many requests at once so that they share their flushes.
async function appendTogether(log: EventLog, organizationId: OrganizationId, requests: number): Promise<void> {
  await Promise.all(
    Array.from({ length: requests }, async () => {
      for (const event of completedRequest(organizationId))
        await log.append(
          event.streamId,
          [recordedAs(event, organizationId)],
          event.revision === 0 ? 'noStream' : event.revision - 1,
        )
    }),
  )
}
