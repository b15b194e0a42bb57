import { createSecretKey } from 'node:crypto'
import { join } from 'node:path'
import type { OrganizationId, UserId } from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import { createPersons, openSqlitePersonKeys, type Persons } from '../persons/index.ts'
import { type AnyProjection, asRow, foldEvent } from '../projections/entity.ts'
import type { ReadModelDatabase } from '../projections/index.ts'
import { projects } from '../projections/projects.ts'
import { signingPolicies } from '../projections/signing-policies.ts'
import { users } from '../projections/users.ts'
import { policySettings } from '../test/support/event-examples/facts.ts'

/** What the requests of a list name: its projects, policies and submitters, by their ids. */
export type NamedByRequests = {
  readonly organizationId: OrganizationId
  readonly projects: readonly string[]
  readonly policies: readonly { readonly id: string; readonly project_id: string }[]
  readonly submitters: readonly string[]
}

const at = '2026-01-01T00:00:00.000Z'

/** Keys of people's names in a file of a folder, as the embedded service keeps them. */
export function openPersons(folder: string): Persons {
  return createPersons({
    store: openSqlitePersonKeys(join(folder, 'person-keys.db')),
    masters: [{ id: 'bench', secret: createSecretKey(Buffer.alloc(32, 1)) }],
    now: () => at,
    onFailure: (error) => {
      throw error
    },
  })
}

/** Writes the rows of what requests name past all events, each as a projector makes it of the entity's first event. */
export async function insertNamed(
  database: ReadModelDatabase,
  persons: Persons,
  named: NamedByRequests,
): Promise<void> {
  const { organizationId } = named
  const insert = async (projection: AnyProjection, id: string, type: string, data: object) => {
    const streamId = `${projection.kind}-${id}`
    const position = '0000000000000001' as LogPosition
    const actor = { kind: 'system', component: 'workflow' } as const
    const metadata = {
      schemaVersion: 1,
      organizationId,
      actor,
      correlationId: id,
      causationId: id,
      occurredAt: at,
    } as const
    const event = { id, type, data, metadata, streamId, revision: 0, position } as never
    const row = asRow(projection, foldEvent(projection, id, undefined, event))
    await database.writes
      .insertInto(projection.table)
      .values(row as never)
      .execute()
  }
  for (const [number, projectId] of named.projects.entries())
    await insert(projects, projectId, 'ProjectCreated', {
      schemaVersion: 1,
      projectId,
      organizationId,
      slug: `project-${number}`,
      name: `Project ${number}`,
      description: 'What we ship',
      repositoryUrl: 'https://git.example/project',
    })
  for (const [number, { id: signingPolicyId, project_id: projectId }] of named.policies.entries())
    await insert(signingPolicies, signingPolicyId, 'SigningPolicyCreated', {
      schemaVersion: 1,
      signingPolicyId,
      organizationId,
      projectId,
      slug: `policy-${number}`,
      settings: policySettings,
    })
  for (const [number, id] of named.submitters.entries()) {
    const userId = id as UserId
    const details = { name: `Submitter ${number}`, email: `submitter-${number}@example.com` }
    const { name, email } = await persons.seal({ organizationId, userId }, details)
    await insert(users, userId, 'UserCreated', {
      schemaVersion: 1,
      userId,
      organizationId,
      kind: 'interactive',
      name,
      email,
    })
  }
}
