import { describe, expect, it } from 'vitest'
import { authoriseSigning } from '../../activities/authorise-signing.ts'
import { type DomainEvent, streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { appendRaw, type TestOrganization, testOrganization } from '../support/test-organization.ts'

/** Appends what a process with an API's key could append, without any use case. */
async function append(organization: TestOrganization, stream: string, event: DomainEvent): Promise<void> {
  const { revision } = await readWholeStream(organization.log, stream)
  await appendRaw(organization.log, stream, [event], revision, organization.setup.organizationId)
}

const control = {
  type: 'ChangeControlChanged',
  data: { schemaVersion: 1, changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } },
} as const
const moved = {
  type: 'ProjectRepositoryChanged',
  data: {
    schemaVersion: 1,
    name: 'Test project',
    description: null,
    repositoryUrl: 'https://example.org/moved',
    readers: [],
    configurators: [],
  },
} as const
const renamed = {
  type: 'ProjectChanged',
  data: { schemaVersion: 1, name: 'Renamed', description: null, readers: [], configurators: [] },
} as const

describe('the signer', () => {
  it('refuses what was submitted while the repository of its project was one that others had to approve and have not', async () => {
    const organization = await testOrganization({ approval: null })
    const { signer, setup, projectId } = organization
    const organizationStream = streams.organization(setup.organizationId)
    const authorise = async () => authoriseSigning(signer, (await organization.planned()).signingRequestId)
    // Before changes are controlled, one is enough.
    await append(organization, streams.project(projectId), moved)
    await append(organization, organizationStream, control)
    await append(organization, streams.project(projectId), renamed)
    const before = await organization.planned()
    await expect(authoriseSigning(signer, before.signingRequestId)).resolves.toMatchObject({ kind: 'authorised' })
    await append(organization, streams.project(projectId), moved)
    await expect(authorise()).rejects.toMatchObject({
      code: 'RULE_CHANGE_NOT_APPROVED',
      message: expect.stringContaining('ProjectRepositoryChanged'),
    })
    // What was submitted before has the repository of then.
    await expect(authoriseSigning(signer, before.signingRequestId)).resolves.toMatchObject({ kind: 'authorised' })
  })
})
