import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type DocumentNode, parse } from 'graphql'
import { createYoga } from 'graphql-yoga'
import { sql } from 'kysely'
import type { Caller } from '../application/index.ts'
import { listRequests } from '../cli/documents/requests.ts'
import { type OrganizationId, type WorkflowStatus, workflowStatuses } from '../domain/index.ts'
import type { GraphQLContext } from '../graphql/context.ts'
import { createSchema } from '../graphql/schema.ts'
import type { Persons } from '../persons/index.ts'
import {
  openPostgresReadModel,
  openReadModel,
  openSqliteReadModel,
  type ReadModel,
  type ReadModelDatabase,
} from '../projections/index.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { insertRequests, makeTables, type RequestRow } from '../test/support/signing-request-rows.ts'
import { withFolder } from './folder.ts'
import { insertNamed, openPersons } from './named-by-requests.ts'
import { milliseconds } from './pace.ts'

/**
 * What the slowest of all filters costs, in one database: the execution of a GraphQL operation that was parsed before, which asks what
 * the command line's list asks of each request itself, against its rows by their primary keys, as Kysely fetches them. Of each filter the fastest of several rounds counts, in milliseconds of wall time,
 * which other load of the machine only adds to.
 */
export type RequestListFigures = {
  readonly database: string
  readonly requests: number
  readonly filters: number
  /** The filter whose first page costs most against fetching its rows by their primary keys. */
  readonly slowest: string
  readonly firstPageMs: number
  readonly bareMs: number
  /** The first page of the command line's list, without a filter: with rows of projects, policies and submitters, and their names opened. */
  readonly wholeListMs: number
  /** Of all requests, without a filter. */
  readonly page1Ms: number
  readonly page1000Ms: number
}

const pageSize = 25
const schema = createSchema()
/** As the server executes operations. */
const { execute } = createYoga({ schema, logging: false }).getEnveloped({})

/** All that the command line's list asks of each request itself; of project, policy and submitter other rows are read. */
const fields = `signingRequestId status workflowStatus isFinalStatus submittedAt finishedAt description missingApprovals
  source { kind fileName sha256 size details { name value } } artifact { fileName sha256 size }`
const listOf = (selection: string) =>
  parse(`query ($filter: SigningRequestFilter, $first: Int, $after: String) {
    signingRequests(filter: $filter, first: $first, after: $after) {
      nodes { ${selection} } pageInfo { hasNextPage endCursor }
    }
  }`)
const document = listOf(fields)
const wholeList = parse(listRequests)
const organizationId = randomUUID() as OrganizationId
const projects = Array.from({ length: 20 }, () => randomUUID() as string)
const policies = projects.flatMap((project_id) => [1, 2].map(() => ({ id: randomUUID() as string, project_id })))
const submitters = Array.from({ length: 50 }, () => randomUUID() as string)

/** Measures the first page of every combination of what the filter may name, over rows that are put into the tables past all events. */
export async function measureRequestLists(requests = 1_000_000, rounds = 15): Promise<readonly RequestListFigures[]> {
  const sqlite = await withFolder((folder) =>
    measure(openSqliteReadModel({ path: join(folder, 'read-model.db') }), folder, 'SQLite', requests, rounds),
  )
  const server = await startPostgres()
  try {
    const database = openPostgresReadModel({ connectionString: await server.newDatabase() })
    // Names are opened with keys in SQLite here too.
    return [sqlite, await withFolder((folder) => measure(database, folder, 'PostgreSQL', requests, rounds))]
  } finally {
    await server.stop()
  }
}

async function measure(
  database: ReadModelDatabase,
  folder: string,
  name: string,
  requests: number,
  rounds: number,
): Promise<RequestListFigures> {
  const persons = openPersons(folder)
  try {
    await makeTables(database)
    await insertNamed(database, persons, { organizationId, projects, policies, submitters })
    await withoutIndexes(database, () => insertRequests(database, organizationId, rows(requests)))
    // As autovacuum does it by itself after so many rows.
    if (database.kind === 'postgres') await sql`vacuum analyze`.execute(database.writes)
    const { readModel } = openReadModel(database)
    const ask = asking(readModel, persons)
    const filters = everyFilter()
    const measured = []
    for (const filter of filters) {
      const ids = (await ask(document, { filter })).nodes.map(({ signingRequestId }) => signingRequestId)
      // What finds nothing has no rows to compare with.
      const query = database.reads.selectFrom('signing_requests').selectAll().where('id', 'in', ids)
      if (ids.length === pageSize) measured.push({ filter, query, list: [] as number[], bare: [] as number[] })
    }
    // The first rounds only warm up, as a service is that runs for a while.
    for (let round = -rounds; round < rounds; round += 1)
      for (const { filter, query, list, bare } of measured) {
        const bareMs = await milliseconds(() => query.execute())
        const listMs = await milliseconds(() => ask(document, { filter }))
        if (round < 0) continue
        bare.push(bareMs)
        list.push(listMs)
      }
    const [slowest] = measured
      .map(({ filter, list, bare }) => ({
        filter: Object.keys(filter).join(', ') || 'none',
        ms: least(list),
        bareMs: least(bare),
      }))
      .sort((a, b) => b.ms / b.bareMs - a.ms / a.bareMs)
    if (slowest === undefined) throw new Error('No filter finds a page.')
    let after: string | null = null
    for (let passed = 0; passed < 999 * pageSize; passed += 75)
      after = (await ask(document, { after, first: 75 })).pageInfo.endCursor
    const pages = { first: [] as number[], late: [] as number[], whole: [] as number[] }
    for (let round = 0; round < rounds * 3; round += 1) {
      pages.first.push(await milliseconds(() => ask(document)))
      pages.late.push(await milliseconds(() => ask(document, { after })))
      pages.whole.push(await milliseconds(() => ask(wholeList)))
    }
    return {
      database: name,
      requests,
      filters: measured.length,
      slowest: slowest.filter,
      firstPageMs: slowest.ms,
      bareMs: slowest.bareMs,
      wholeListMs: least(pages.whole),
      page1Ms: least(pages.first),
      page1000Ms: least(pages.late),
    }
  } finally {
    await database.close()
    await persons.close()
  }
}

type Answer = {
  readonly nodes: readonly { readonly signingRequestId: string }[]
  readonly pageInfo: { readonly endCursor: string | null }
}
type Variables = { readonly filter?: object; readonly first?: number; readonly after?: string | null }

/** Executes operations as somebody who may see everything; the server's own context is of no part here. */
function asking(readModel: ReadModel, persons: Persons) {
  const caller = { userId: randomUUID(), organizationId, roles: ['globalReader'] } as object as Caller
  const application = { authorizeQuery: async () => {} }
  const context = { caller, readModel, persons, application, describeSource: () => ({}) }
  return async (document: DocumentNode, variables: Variables = {}): Promise<Answer> => {
    const variableValues = { first: pageSize, after: null, filter: null, ...variables }
    const contextValue = { ...context } as object as GraphQLContext
    const { data, errors } = await execute({ schema, document, contextValue, variableValues })
    if (errors !== undefined) throw errors[0]
    return data?.signingRequests as Answer
  }
}

/** Makes the indexes anew when the rows are there, which takes less long, as a rebuild does it. */
async function withoutIndexes({ kind, writes }: ReadModelDatabase, fill: () => Promise<void>): Promise<void> {
  const query =
    kind === 'sqlite'
      ? "select name, sql from sqlite_schema where type = 'index' and sql is not null and name like 'signing_requests_%'"
      : "select indexname as name, indexdef as sql from pg_indexes where indexname like 'signing_requests_%'"
  const { rows: indexes } = await sql.raw<{ name: string; sql: string }>(query).execute(writes)
  for (const { name } of indexes) await sql`drop index ${sql.id(name)}`.execute(writes)
  await fill()
  for (const index of indexes) await sql.raw(index.sql).execute(writes)
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

/** Filters of the API. */
function everyFilter(): readonly object[] {
  const [policy] = policies
  const places = [
    {},
    { project: policy?.project_id },
    { signingPolicy: policy?.id },
    { project: policy?.project_id, signingPolicy: policy?.id },
  ]
  const states = [
    {},
    { workflowStatus: ['Completed'] },
    { workflowStatus: ['Processing', 'Denied'] },
    { status: ['Failed'] },
    { status: ['InProgress', 'WaitingForApproval', 'Canceled'] },
    { status: ['Failed', 'Completed'], workflowStatus: ['ProcessingFailed', 'Denied'] },
  ]
  const times = [{}, { submittedFrom: '2020-02-01T00:00:00.000Z' }, { submittedBefore: '2020-06-01T00:00:00.000Z' }]
  return places.flatMap((place) =>
    [{}, { submitter: submitters[0] }].flatMap((person) =>
      states.flatMap((state) => times.map((time) => ({ ...place, ...person, ...state, ...time }))),
    ),
  )
}

function least(times: readonly number[]): number {
  return Math.min(...times)
}
