import { randomUUID } from 'node:crypto'
import { completedRequest } from '../../bench/request-history.ts'
import { fold, type OrganizationId, signingRequestDecider, type WorkflowStatus } from '../../domain/index.ts'
import type { ReadModelDatabase } from '../../projections/index.ts'
import { buildMissingReadModel } from '../../projections/rebuild.ts'
import { signingRequests } from '../../projections/signing-requests.ts'

/** What lists are restricted by. */
export type RequestRow = {
  readonly id: string
  readonly created_at: string
  readonly project_id: string
  readonly signing_policy_id: string
  readonly submitter: string
  readonly workflow_status: WorkflowStatus
}

/** Makes the tables of an empty log. */
export async function makeTables(database: ReadModelDatabase): Promise<void> {
  await buildMissingReadModel({ log: { async *readAll() {} }, database })
}

/** Writes rows of signing requests into the read model past all events: each says in its columns what lists ask, and shows the same request. */
export async function insertRequests(
  database: ReadModelDatabase,
  organizationId: OrganizationId,
  rows: Iterable<RequestRow>,
): Promise<void> {
  const events = completedRequest(organizationId).map(({ event }) => event)
  const state = fold(signingRequestDecider, events)
  const facts = JSON.stringify(signingRequests.noFacts)
  const summary = signingRequests.summary?.(state, signingRequests.noFacts) ?? ''
  let batch: object[] = []
  const write = async () => {
    if (batch.length > 0)
      await database.writes
        .insertInto('signing_requests')
        .values(batch as never)
        .execute()
    batch = []
  }
  for (const row of rows) {
    batch.push({
      ...row,
      organization_id: organizationId,
      revision: 7,
      position: '0000000000000001',
      updated_at: row.created_at,
      state: JSON.stringify({
        ...state,
        signingRequestId: row.id,
        projectId: row.project_id,
        signingPolicyId: row.signing_policy_id,
        submitter: row.submitter,
        workflowStatus: row.workflow_status,
      }),
      facts,
      waiting_since: '',
      summary,
    })
    if (batch.length === 500) await write()
  }
  await write()
}

/** A policy of a project, as far as lists ask for it. */
export async function insertPolicy(
  database: ReadModelDatabase,
  organizationId: OrganizationId,
  policy: { readonly id: string; readonly project_id: string },
): Promise<void> {
  await database.writes
    .insertInto('signing_policies')
    .values({
      ...policy,
      organization_id: organizationId,
      revision: 0,
      position: '0000000000000001',
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:00.000Z',
      state: '{}',
      facts: '{}',
      slug: policy.id,
      certificate_id: randomUUID(),
    })
    .execute()
}
