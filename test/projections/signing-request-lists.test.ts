import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type OrganizationId,
  requestStatus,
  requestStatuses,
  type Sha256Digest,
  type SigningRequest,
  type WorkflowStatus,
  workflowStatuses,
} from '../../domain/index.ts'
import {
  encodeCursor,
  openPostgresReadModel,
  openReadModel,
  openSqliteReadModel,
  type ReadModelDatabase,
  type SigningRequestFilter,
} from '../../projections/index.ts'
import { signingRequestLists } from '../../projections/list-signing-requests.ts'
import { readSummary, writeSummary } from '../../projections/request-summary.ts'
import { signingRequests } from '../../projections/signing-requests.ts'
import { expectedExamples } from '../support/event-examples/stored.ts'
import { postgresForTests } from '../support/postgres.ts'
import { insertPolicy, insertRequests, makeTables, type RequestRow } from '../support/signing-request-rows.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const postgres = postgresForTests()
const dialects = [
  [
    'SQLite',
    async (onQuery: (sql: string) => void) =>
      openSqliteReadModel({ path: join(temporaryFolder(), 'read-model.db'), onQuery }),
  ],
  [
    'PostgreSQL',
    async (onQuery: (sql: string) => void) =>
      openPostgresReadModel({ connectionString: await postgres.newDatabase(), onQuery }),
  ],
] as const

const organizationId = randomUUID() as OrganizationId
const projects = [randomUUID(), randomUUID()]
const policies = projects.flatMap((project_id) => [
  { id: randomUUID() as string, project_id },
  { id: randomUUID() as string, project_id },
])
const submitters = [randomUUID(), randomUUID(), randomUUID()]

/** Many at the same moment, so that ids decide too. */
const rows: readonly RequestRow[] = Array.from({ length: 300 }, (_, number) => {
  const policy = policies[number % policies.length] ?? { id: '', project_id: '' }
  return {
    id: randomUUID(),
    created_at: `2026-01-${String(1 + (number % 28)).padStart(2, '0')}T00:00:00.000Z`,
    project_id: policy.project_id,
    signing_policy_id: policy.id,
    submitter: submitters[number % submitters.length] ?? '',
    workflow_status: workflowStatuses[Math.floor(number / 4) % workflowStatuses.length] as WorkflowStatus,
  }
})

const [project, otherProject] = projects
const policy = policies[0]?.id
const places = [
  {},
  { projectId: project },
  { signingPolicyId: policy },
  { projectId: project, signingPolicyId: policy },
  { projectId: otherProject, signingPolicyId: policy },
  { projectId: project, signingPolicyId: randomUUID() },
]
const states = [
  {},
  { workflowStatuses: ['Completed'] },
  { workflowStatuses: ['Completed', 'Denied'] },
  { statuses: ['InProgress', 'Failed'] },
  { statuses: ['Failed', 'Denied'], workflowStatuses: ['ProcessingFailed', 'Completed'] },
  { statuses: ['Denied'], workflowStatuses: ['Completed'] },
  { statuses: [] },
]
const unknownPolicy = places.at(-1)
const times = [{}, { submittedFrom: '2026-01-10T00:00:00.000Z', submittedBefore: '2026-01-20T00:00:00.000Z' }]
const filters = places.flatMap((place) =>
  [{}, { submitter: submitters[0] }].flatMap((person) =>
    states.flatMap((state) =>
      times.map((time) => ({ ...place, ...person, ...state, ...time }) as SigningRequestFilter),
    ),
  ),
)

/** Whether a row stands after another one in the list, or before it. */
function isBeyond(row: RequestRow, from: RequestRow, direction: 'forward' | 'backward'): boolean {
  return row !== from && order(row) < order(from) === (direction === 'forward')
}

function order({ created_at, id }: RequestRow): string {
  return `${created_at} ${id}`
}

function matching(filter: SigningRequestFilter, isAskedFor = (_: RequestRow) => true): readonly string[] {
  const matches = (row: RequestRow) =>
    (filter.projectId ?? row.project_id) === row.project_id &&
    (filter.signingPolicyId ?? row.signing_policy_id) === row.signing_policy_id &&
    (filter.submitter ?? row.submitter) === row.submitter &&
    (filter.workflowStatuses ?? [row.workflow_status]).includes(row.workflow_status) &&
    (filter.statuses ?? [requestStatus(row.workflow_status)]).includes(requestStatus(row.workflow_status)) &&
    row.created_at >= (filter.submittedFrom ?? '') &&
    row.created_at < (filter.submittedBefore ?? '9')
  return rows
    .filter((row) => matches(row) && isAskedFor(row))
    .sort((a, b) => (order(a) < order(b) ? 1 : -1))
    .map(({ id }) => id)
}

describe.each(dialects)('lists of signing requests in %s', { timeout: 180_000 }, (kind, open) => {
  async function filled() {
    const queries: string[] = []
    const database = await open((text) => queries.push(text))
    onTestFinished(() => database.close())
    await makeTables(database)
    for (const each of policies) await insertPolicy(database, organizationId, each)
    await insertRequests(database, organizationId, rows)
    return { database, queries }
  }

  it('have, page by page and in both directions, all that match each filter and nothing else, newest first', async () => {
    const { database } = await filled()
    const { readModel } = openReadModel(database)
    for (const filter of filters) {
      const expected = matching(filter)
      for (const direction of ['forward', 'backward'] as const) {
        const found: string[] = []
        for (let cursor: string | undefined, more = true; more; ) {
          const from = cursor === undefined ? {} : direction === 'forward' ? { after: cursor } : { before: cursor }
          const page = await readModel.listSigningRequests(organizationId, filter, { direction, size: 40, ...from })
          const ids = page.items.map(({ item }) => item.signingRequestId as string)
          found.splice(direction === 'forward' ? found.length : 0, 0, ...ids)
          cursor = direction === 'forward' ? page.items.at(-1)?.cursor : page.items[0]?.cursor
          more = direction === 'forward' ? page.hasNextPage : page.hasPreviousPage
        }
        expect({ filter, direction, found }).toEqual({ filter, direction, found: expected })
      }
    }
  })

  it('have, of any statuses and in pages of any size, what each row says by itself', async () => {
    const { database } = await filled()
    const { readModel } = openReadModel(database)
    const optional = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: undefined })
    const asked = fc.record({
      filter: fc.record({
        place: fc.constantFrom(...places),
        submitter: optional(fc.constantFrom(...submitters)),
        workflowStatuses: optional(fc.subarray([...workflowStatuses])),
        statuses: optional(fc.subarray([...requestStatuses])),
        time: fc.constantFrom(...times),
      }),
      direction: fc.constantFrom('forward' as const, 'backward' as const),
      size: fc.constantFrom(1, 25, 26, 50, 51, 100),
      from: optional(fc.constantFrom(...rows)),
    })
    await fc.assert(
      fc.asyncProperty(asked, async ({ filter: { place, time, ...others }, direction, size, from }) => {
        const given = Object.entries(others).filter(([, value]) => value !== undefined)
        const filter = { ...place, ...time, ...Object.fromEntries(given) } as SigningRequestFilter
        const cursor = from && encodeCursor({ key: from.created_at, id: from.id })
        const start = cursor === undefined ? {} : direction === 'forward' ? { after: cursor } : { before: cursor }
        const page = await readModel.listSigningRequests(organizationId, filter, { direction, size, ...start })
        const all = matching(filter, (row) => from === undefined || isBeyond(row, from, direction))
        const expected = direction === 'forward' ? all.slice(0, size) : all.slice(-size)
        expect(page.items.map(({ item }) => item.signingRequestId)).toEqual(expected)
        expect(direction === 'forward' ? page.hasNextPage : page.hasPreviousPage).toBe(all.length > size)
      }),
      { numRuns: 150 },
    )
  })

  it('have in short what they have of whole requests, also where the source is too long for a summary', async () => {
    const { database } = await filled()
    const { readModel } = openReadModel(database)
    const page = { direction: 'forward', size: 100, after: encodeCursor({ key: '2026-01-20', id: '' }) } as const
    const whole = await readModel.listSigningRequests(organizationId, {}, page)
    const long = whole.items[1]?.item.signingRequestId ?? ''
    const withoutSource = JSON.stringify({
      description: 'Many hashes',
      finishedAt: null,
      missingApprovals: 3,
      artifact: null,
    })
    await database.writes
      .updateTable('signing_requests')
      .set({ summary: withoutSource })
      .where('id', '=', long)
      .execute()
    const short = await readModel.signingRequestsInShort(organizationId, {}, page)
    expect(short.items.map(({ cursor }) => cursor)).toEqual(whole.items.map(({ cursor }) => cursor))
    expect({ ...short, items: [] }).toEqual({ ...whole, items: [] })
    for (const [index, { item }] of short.items.entries()) {
      const summary = item.signingRequestId === long ? JSON.parse(withoutSource) : {}
      expect({ ...whole.items[index]?.item, ...item }).toEqual({ ...whole.items[index]?.item, ...summary })
    }
  })

  it('refuse a cursor that is none also where nothing can match', async () => {
    const { database } = await filled()
    const page = { direction: 'forward', size: 5, after: 'none' } as const
    await expect(
      signingRequestLists(database).listSigningRequests(organizationId, { statuses: [] }, page),
    ).rejects.toMatchObject({
      code: 'CURSOR_MALFORMED',
    })
  })

  it('are read from an index that has all that the filter equals and the order, whatever the filter', async () => {
    const { database, queries } = await filled()
    const lists = signingRequestLists(database)
    const first = await lists.listSigningRequests(organizationId, {}, { direction: 'forward', size: 5 })
    const after = first.items.at(-1)?.cursor ?? ''
    // A policy that there is not has no requests to look at.
    const ofSomething = filters.filter(({ signingPolicyId }) => signingPolicyId !== unknownPolicy?.signingPolicyId)
    for (const filter of ofSomething)
      for (const direction of ['forward', 'backward'] as const) {
        queries.length = 0
        const cursor = direction === 'forward' ? { after } : { before: after }
        await lists.listSigningRequests(organizationId, filter, { direction, size: 5, ...cursor })
        await lists.signingRequestsInShort(organizationId, filter, { direction, size: 5, ...cursor })
        for (const query of [...queries]) {
          if (!query.includes('signing_requests')) continue
          const plan = await planOf(database, query)
          // Rows are never sorted; the few keys of each status, which the index gave in their order, are merged.
          const sorts = plan.match(kind === 'SQLite' ? /TEMP B-TREE/g : /Sort Key/g)?.length ?? 0
          const merges = kind === 'PostgreSQL' && query.includes('union all') ? 1 : 0
          expect({ filter, plan, sorts: sorts <= merges }).toEqual({ filter, plan, sorts: true })
          expect(plan).not.toMatch(kind === 'SQLite' ? /SCAN v\d+_signing/ : /Seq Scan/)
          // PostgreSQL names what it looks at after it found a row.
          expect(plan).not.toMatch(/Filter:/)
          if (kind === 'SQLite') for (const each of equalColumns(query)) expect(plan).toContain(`${each}=?`)
        }
      }
  })
})

describe('summaries of signing requests', () => {
  const states = Object.entries(expectedExamples())
    .filter(([streamId]) => streamId.startsWith('signingRequest-'))
    .map(([, { state }]) => state as SigningRequest)

  it('say what queries see of each request that is in the log', () => {
    expect(states.length).toBeGreaterThan(4)
    for (const state of states) {
      const facts = { ...signingRequests.noFacts, finishedAt: '2026-01-02T00:00:00.000Z' }
      const view = signingRequests.view({ state, facts, updatedAt: '' } as never, {} as never, '')
      const { description, source, artifact, finishedAt, missingApprovals } = view
      const summary = readSummary(signingRequests.summary?.(state, facts) ?? '')
      expect(summary).toEqual({ description, source, artifact, finishedAt, missingApprovals })
    }
  })

  it('leave long sources out, and have an artifact that is another one than the source says', () => {
    const [state] = states
    if (state === undefined) throw new Error('The log of the examples has no request.')
    const named = { ...state, artifact: { fileName: 'other.exe', sha256: 'a'.repeat(64) as Sha256Digest, size: 7 } }
    const hashes = Array.from({ length: 100 }, () => 'a'.repeat(44))
    const long = { ...named, source: { ...state.source, details: { hashes } } }
    const summaryOf = (request: SigningRequest) => readSummary(writeSummary(request, { finishedAt: null }, 2))
    const { description } = state
    const expected = { description, artifact: named.artifact, finishedAt: null, missingApprovals: 2 }
    expect(summaryOf(named)).toEqual({ ...expected, source: state.source })
    expect(summaryOf(long)).toEqual(expected)
    expect(summaryOf({ ...long, artifact: null })).toEqual({ ...expected, artifact: null })
  })
})

function equalColumns(query: string): readonly string[] {
  return [...query.matchAll(/"(\w+)" = \?/g)].map(([, column]) => column ?? '')
}

async function planOf({ kind, reads }: ReadModelDatabase, query: string): Promise<string> {
  if (kind === 'sqlite') {
    const unbound = query.replaceAll('?', 'null')
    // Of conditions with null SQLite makes the same plan.
    const { rows: steps } = await sql.raw<{ detail: string }>(`explain query plan ${unbound}`).execute(reads)
    return steps.map(({ detail }) => detail).join('\n')
  }
  return reads.connection().execute(async (connection) => {
    const parameters = new Set(query.match(/\$\d+/g) ?? []).size
    const settings = [
      'plan_cache_mode = force_generic_plan',
      'enable_seqscan = off',
      'enable_bitmapscan = off',
      'enable_sort = off',
    ]
    for (const setting of settings) await sql.raw(`set ${setting}`).execute(connection)
    await sql.raw(`prepare asked as ${query}`).execute(connection)
    const given = Array.from({ length: parameters }, (_, index) =>
      query.includes(`limit $${index + 1}`) ? '5' : 'null',
    )
    const { rows: lines } = await sql
      .raw<{ 'QUERY PLAN': string }>(`explain execute asked(${given.join(', ')})`)
      .execute(connection)
    await sql.raw('deallocate asked').execute(connection)
    return lines.map((line) => line['QUERY PLAN']).join('\n')
  })
}
