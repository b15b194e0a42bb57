import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { sql } from 'kysely'
import { type OrganizationId, type WorkflowStatus, workflowStatuses } from '../domain/index.ts'
import {
  openPostgresReadModel,
  openReadModel,
  openSqliteReadModel,
  type ReadModelDatabase,
  type SigningRequestFilter,
} from '../projections/index.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { insertPolicy, insertRequests, makeTables, type RequestRow } from '../test/support/signing-request-rows.ts'
import { withFolder } from './folder.ts'

/**
 * What the slowest of all filters costs, in one database: of each filter the fastest of several rounds counts, in milliseconds of wall
 * time, which other load of the machine only adds to.
 */
export type RequestListFigures = {
  readonly database: string
  readonly requests: number
  readonly filters: number
  /** The filter whose first page costs most against fetching its rows by their primary keys. */
  readonly slowest: string
  readonly firstPageMs: number
  readonly bareMs: number
  /** Of all requests, without a filter. */
  readonly page1Ms: number
  readonly page1000Ms: number
}

const pageSize = 25
const organizationId = randomUUID() as OrganizationId
const projects = Array.from({ length: 20 }, () => randomUUID() as string)
const policies = projects.flatMap((project_id) => [1, 2].map(() => ({ id: randomUUID() as string, project_id })))
const submitters = Array.from({ length: 50 }, () => randomUUID() as string)

/** Measures the first page of every combination of what the filter may name, over rows that are put into the tables past all events. */
export async function measureRequestLists(requests = 1_000_000, rounds = 15): Promise<readonly RequestListFigures[]> {
  return withFolder(async (folder) => {
    const server = await startPostgres()
    try {
      return [
        await measure(openSqliteReadModel({ path: join(folder, 'read-model.db') }), 'SQLite', requests, rounds),
        await measure(
          openPostgresReadModel({ connectionString: await server.newDatabase() }),
          'PostgreSQL',
          requests,
          rounds,
        ),
      ]
    } finally {
      await server.stop()
    }
  })
}

async function measure(
  database: ReadModelDatabase,
  name: string,
  requests: number,
  rounds: number,
): Promise<RequestListFigures> {
  try {
    await makeTables(database)
    for (const policy of policies) await insertPolicy(database, organizationId, policy)
    await insertRequests(database, organizationId, rows(requests))
    // As autovacuum does it by itself after so many rows.
    if (database.kind === 'postgres') await sql`vacuum analyze`.execute(database.writes)
    const { readModel } = openReadModel(database)
    const first = { direction: 'forward', size: pageSize } as const
    const filters = everyFilter()
    let slowest = { filter: '', ms: 0, bareMs: 1 }
    for (const filter of filters) {
      const { items } = await readModel.listSigningRequests(organizationId, filter, first)
      const ids = items.map(({ item }) => item.signingRequestId as string)
      const fetched = database.reads.selectFrom('signing_requests').selectAll().where('id', 'in', ids)
      const times = { list: [] as number[], bare: [] as number[] }
      for (let round = 0; round < rounds; round += 1) {
        times.bare.push(await milliseconds(() => (ids.length === 0 ? Promise.resolve() : fetched.execute())))
        times.list.push(await milliseconds(() => readModel.listSigningRequests(organizationId, filter, first)))
      }
      const [ms, bareMs] = [least(times.list), least(times.bare)]
      // What finds nothing has no rows to compare with.
      if (ids.length === pageSize && ms / bareMs > slowest.ms / slowest.bareMs)
        slowest = { filter: Object.keys(filter).join(', ') || 'none', ms, bareMs }
    }
    let after: string | undefined
    for (let passed = 0; passed < 999 * pageSize; passed += 75) {
      const page = { direction: 'forward', size: 75, ...(after === undefined ? {} : { after }) } as const
      after = (await readModel.listSigningRequests(organizationId, {}, page)).items.at(-1)?.cursor
    }
    const late = { ...first, ...(after === undefined ? {} : { after }) }
    const pages = { first: [] as number[], late: [] as number[] }
    for (let round = 0; round < rounds * 3; round += 1) {
      pages.first.push(await milliseconds(() => readModel.listSigningRequests(organizationId, {}, first)))
      pages.late.push(await milliseconds(() => readModel.listSigningRequests(organizationId, {}, late)))
    }
    return {
      database: name,
      requests,
      filters: filters.length,
      slowest: slowest.filter,
      firstPageMs: slowest.ms,
      bareMs: slowest.bareMs,
      page1Ms: least(pages.first),
      page1000Ms: least(pages.late),
    }
  } finally {
    await database.close()
  }
}

function* rows(count: number): Iterable<RequestRow> {
  for (let number = 0; number < count; number += 1) {
    const policy = policies[Math.floor(Math.random() * policies.length)] ?? { id: '', project_id: '' }
    // Nearly all are over; what people look for is rare.
    const status = number % 100 < 90 ? 'Completed' : workflowStatuses[number % workflowStatuses.length]
    yield {
      id: randomUUID(),
      created_at: new Date(Date.UTC(2020, 0, 1) + number * 100_000).toISOString(),
      project_id: policy.project_id,
      signing_policy_id: policy.id,
      submitter: submitters[Math.floor(Math.random() * submitters.length)] ?? '',
      workflow_status: status as WorkflowStatus,
    }
  }
}

function everyFilter(): readonly SigningRequestFilter[] {
  const [policy] = policies
  const places = [
    {},
    { projectId: policy?.project_id },
    { signingPolicyId: policy?.id },
    { projectId: policy?.project_id, signingPolicyId: policy?.id },
  ]
  const states = [
    {},
    { workflowStatuses: ['Completed'] },
    { workflowStatuses: ['Processing', 'Denied'] },
    { statuses: ['Failed'] },
    { statuses: ['InProgress', 'WaitingForApproval', 'Canceled'] },
    { statuses: ['Failed', 'Completed'], workflowStatuses: ['ProcessingFailed', 'Denied'] },
  ]
  const times = [{}, { submittedFrom: '2020-02-01T00:00:00.000Z' }, { submittedBefore: '2020-06-01T00:00:00.000Z' }]
  return places.flatMap((place) =>
    [{}, { submitter: submitters[0] }].flatMap((person) =>
      states.flatMap((state) =>
        times.map((time) => ({ ...place, ...person, ...state, ...time }) as SigningRequestFilter),
      ),
    ),
  )
}

function least(times: readonly number[]): number {
  return Math.min(...times)
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
