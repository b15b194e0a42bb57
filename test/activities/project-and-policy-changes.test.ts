import { describe, expect, it } from 'vitest'
import { authoriseSigning } from '../../activities/authorise-signing.ts'
import { type DomainEvent, type SigningPolicySettings, streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { appendRaw } from '../support/append-raw.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

/** Appends what a process with an API's key could append, without any use case. */
async function append(
  organization: TestOrganization,
  stream: string,
  event: { readonly type: string; readonly data: object },
): Promise<void> {
  const { revision } = await readWholeStream(organization.log, stream)
  await appendRaw(organization.log, stream, [event as DomainEvent], revision, organization.setup.organizationId)
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

  it('refuses a version of a policy that others had to approve by the version before, also when it was first abolished', async () => {
    const organization = await testOrganization({ approval: null })
    const { log, signer, signingPolicyId } = organization
    const stream = streams.signingPolicy(signingPolicyId)
    const { events } = await readWholeStream(log, stream)
    const settings = events[0]?.data.settings as SigningPolicySettings
    const changeControl = { requiredApprovals: 1, lifetimeSeconds: 86_400 }
    const version = (number: number, changes: Partial<SigningPolicySettings>) =>
      append(organization, stream, {
        type: 'SigningPolicyChanged',
        data: { schemaVersion: 2, version: number, settings: { ...settings, ...changes } },
      })
    const authorise = async () => authoriseSigning(signer, (await organization.planned()).signingRequestId)
    // To demand more needs nobody.
    await version(2, { changeControl })
    await expect(authorise()).resolves.toMatchObject({ kind: 'authorised' })
    const unapproved = { code: 'RULE_CHANGE_NOT_APPROVED', message: expect.stringContaining('SigningPolicyChanged') }
    await version(3, {})
    await expect(authorise()).rejects.toMatchObject(unapproved)
    await version(4, { name: 'Mine' })
    await expect(authorise()).rejects.toMatchObject(unapproved)
  })

  it('does not believe that changes need nobody any more, when nobody approved that', async () => {
    const organization = await testOrganization({ approval: null })
    const { signer, setup, projectId } = organization
    const organizationStream = streams.organization(setup.organizationId)
    await append(organization, organizationStream, control)
    await append(organization, organizationStream, { ...control, data: { schemaVersion: 1, changeControl: null } })
    await append(organization, streams.project(projectId), moved)
    const { signingRequestId } = await organization.planned()
    await expect(authoriseSigning(signer, signingRequestId)).rejects.toMatchObject({ code: 'RULE_CHANGE_NOT_APPROVED' })
  })
})
