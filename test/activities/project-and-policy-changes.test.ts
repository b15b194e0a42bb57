import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { authoriseSigning } from '../../activities/authorise-signing.ts'
import {
  type ArtifactConfigurationId,
  type ConfigurationOfRequest,
  type DomainEvent,
  eventMetadata,
  type Instant,
  type Sha256Digest,
  type SigningPolicySettings,
  type SigningRequestId,
  streams,
} from '../../domain/index.ts'
import { prepareEvents, readWholeStream } from '../../event-log/index.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

/** Appends what a process with an API's key could append, without any use case. */
async function append(
  { log, setup: { organizationId } }: TestOrganization,
  stream: string,
  event: Appended,
  occurredAt: Instant = new Date().toISOString(),
): Promise<void> {
  const { revision } = await readWholeStream(log, stream)
  const actor = { kind: 'system', component: 'test' } as const
  const metadata = eventMetadata({ actor, callId: randomUUID() }, { organizationId, occurredAt })
  await log.append(stream, prepareEvents(stream, revision, [event as DomainEvent], metadata), revision)
}

type Appended = { readonly type: string; readonly data: object }

/** Longer ago than a call may have been under way. */
const longAgo = new Date(Date.now() - 3_600_000).toISOString()

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

describe('by artifact configurations the signer', () => {
  const artifactConfigurationId = randomUUID() as ArtifactConfigurationId
  const stream = streams.artifactConfiguration(artifactConfigurationId)
  const documentOf = (version: number) =>
    Buffer.from(
      `<artifact-configuration xmlns="http://signpath.io/artifact-configuration/v1"><!-- ${version} --><pe-file><authenticode-sign/></pe-file></artifact-configuration>`,
    )
  const documentDigest = (version: number) =>
    createHash('sha256').update(documentOf(version)).digest('hex') as Sha256Digest
  const changed = (version: number) => ({
    type: 'ArtifactConfigurationChanged',
    data: { schemaVersion: 1, version, documentDigest: documentDigest(version), size: 100, reason: null },
  })
  const byDefault = (id: ArtifactConfigurationId | null) => ({
    type: 'DefaultArtifactConfigurationChanged',
    data: { schemaVersion: 1, artifactConfigurationId: id },
  })
  const chosen = (version: number) => ({ artifactConfigurationId, version, documentDigest: documentDigest(version) })

  async function withConfiguration() {
    const organization = await testOrganization({ approval: null })
    const { setup, projectId, store } = organization
    for (const version of [1, 2, 3]) await store.put(Readable.from([documentOf(version)]))
    const created = {
      ...{ artifactConfigurationId, organizationId: setup.organizationId, projectId, slug: 'installer' },
      ...{ name: 'Installer', description: null, documentDigest: documentDigest(1), size: 100 },
    }
    await append(organization, stream, {
      type: 'ArtifactConfigurationCreated',
      data: { schemaVersion: 1, ...created },
    })
    const planned = async (configuration?: Omit<ConfigurationOfRequest, 'parameters'>) => {
      const changes = configuration && { artifactConfiguration: { ...configuration, parameters: {} } }
      return (await organization.planned(undefined, undefined, changes && { changes })).signingRequestId
    }
    const outcome = (signingRequestId: SigningRequestId) =>
      authoriseSigning(organization.signer, signingRequestId).then(
        ({ kind }) => kind,
        ({ code }) => code,
      )
    return { organization, planned, outcome, change: (event: Appended) => append(organization, stream, event) }
  }

  it('signs by the version that was approved, and by no other than was in force', async () => {
    const { organization, planned, outcome, change } = await withConfiguration()
    const approved = await planned(chosen(1))
    await change(changed(2))
    // Whose configuration got a new version in between is signed by the one that was approved.
    expect(await outcome(approved)).toBe('authorised')
    expect((await organization.request(approved)).artifactConfiguration).toEqual({ ...chosen(1), parameters: {} })
    expect(await outcome(await planned(chosen(2)))).toBe('authorised')
    for (const other of [chosen(3), { ...chosen(2), documentDigest: documentDigest(1) }])
      expect(await outcome(await planned(other))).toBe('POLICY_MISMATCH')
    // What a request names, and is not there, was removed.
    const none = { ...chosen(1), artifactConfigurationId: randomUUID() as ArtifactConfigurationId }
    expect(await outcome(await planned(none))).toBe('EVENT_LOG_CORRUPT')
    await change({ type: 'ArtifactConfigurationDeactivated', data: { schemaVersion: 1, reason: null } })
    expect(await outcome(approved)).toBe('ARTIFACT_CONFIGURATION_INACTIVE')
    await append(organization, streams.organization(organization.setup.organizationId), control)
    await change({ type: 'ArtifactConfigurationReactivated', data: { schemaVersion: 1 } })
    expect(await outcome(approved)).toBe('RULE_CHANGE_NOT_APPROVED')
  })

  it('signs nothing otherwise than the default of its project says, and no version that others had to approve', async () => {
    const { organization, planned, outcome, change } = await withConfiguration()
    const { projectId, setup } = organization
    const before = await planned()
    await append(organization, streams.project(projectId), byDefault(artifactConfigurationId), longAgo)
    expect(await outcome(before)).toBe('authorised')
    const bypassing = await planned()
    expect(await outcome(bypassing)).toBe('POLICY_MISMATCH')
    await append(organization, streams.organization(setup.organizationId), control)
    await append(organization, streams.project(projectId), byDefault(null), longAgo)
    expect(await outcome(await planned())).toBe('RULE_CHANGE_NOT_APPROVED')
    await change(changed(2))
    expect(await outcome(await planned(chosen(2)))).toBe('RULE_CHANGE_NOT_APPROVED')
    expect(await outcome(await planned(chosen(1)))).toBe('authorised')
  })
})
