import { expect, it } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import type { Caller, SubmitSigningRequestInput } from '../../application/index.ts'
import {
  type ArtifactConfigurationId,
  artifactConfigurationDecider,
  type ChangeProposalId,
  fold,
  projectDecider,
  type SigningRequest,
  signingRequestDecider,
  streams,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { codeOf } from '../support/code-of.ts'
import { parametrized, programConfiguration } from '../support/configurations.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { testApplication, uploaded } from '../support/test-application.ts'

/** A project with a submitter, a configurator and a Project Administrator. */
async function organization() {
  const test = await testApplication()
  const { application, dependencies, setup } = test
  const [anna, configurator] = [await test.user('Anna'), await test.user('Config')]
  const administrator = await test.user('Projects', 'projectAdministrator')
  const { projectId } = await test.policy({ submitters: [anna] })
  const project = { name: 'Tool', description: null, repositoryUrl: null, readers: [] }
  await handleCommand(dependencies, setup, streams.project(projectId), projectDecider, {
    type: 'ChangeProject',
    ...project,
    configurators: [{ user: configurator.userId }],
  })
  const create = (slug: string, document: string, by: Caller = configurator) =>
    application.createArtifactConfiguration(by, { projectId, slug, name: slug, description: null, document })
  const state = async (id: ArtifactConfigurationId) => {
    const { events, revision } = await readWholeStream(dependencies.log, streams.artifactConfiguration(id))
    const configuration = fold(artifactConfigurationDecider, events)
    if (configuration.status === 'none') throw new Error('There is no such configuration.')
    return { ...configuration, revision: Number(revision) }
  }
  const update = async (
    artifactConfigurationId: ArtifactConfigurationId,
    document: string,
    by: Caller = configurator,
  ) =>
    application.updateArtifactConfiguration(by, {
      artifactConfigurationId,
      document,
      basedOnRevision: (await state(artifactConfigurationId)).revision,
    })
  const submit = async (changes: Partial<SubmitSigningRequestInput> = {}) => {
    async function* bytes() {
      yield smallPeFile(Buffer.from('a program'))
    }
    const { uploadId } = await application.uploadArtifact(anna, { fileName: 'setup.exe', bytes: bytes() })
    const input = { project: 'tool', signingPolicy: 'release', description: null, source: uploaded(uploadId) }
    return (await application.submitSigningRequest(anna, { ...input, ...changes })).signingRequestId
  }
  const planned = async (changes: Partial<SubmitSigningRequestInput> = {}) => {
    const { events } = await readWholeStream(dependencies.log, streams.signingRequest(await submit(changes)))
    return (fold(signingRequestDecider, events) as SigningRequest).artifactConfiguration
  }
  const makeDefault = (artifactConfigurationId: ArtifactConfigurationId | null) =>
    application.changeDefaultArtifactConfiguration(configurator, { projectId, artifactConfigurationId })
  return { test, anna, configurator, administrator, projectId, create, state, update, submit, planned, makeDefault }
}

it('a request has the version that was in force, whatever becomes of the configuration', async () => {
  const { test, create, state, update, planned, makeDefault } = await organization()
  expect(await planned()).toBeUndefined()
  const { artifactConfigurationId } = await create('installer', programConfiguration('first'))
  const [first] = (await state(artifactConfigurationId)).versions
  const before = await planned({ artifactConfiguration: 'INSTALLER' })
  const chosen = { artifactConfigurationId, version: 1, documentDigest: first.documentDigest, parameters: {} }
  expect(before).toEqual(chosen)
  await update(artifactConfigurationId, programConfiguration('second'))
  // The text of the version stays where it was.
  expect(await test.dependencies.configurationTexts.read(first.documentDigest)).toBe(programConfiguration('first'))
  await makeDefault(artifactConfigurationId)
  expect(await planned()).toMatchObject({ artifactConfigurationId, version: 2 })
  const again = { idempotencyKey: 'job 1' }
  const one = await planned(again)
  expect(await planned(again)).toEqual(one)
  expect(await planned({ ...again, artifactConfiguration: artifactConfigurationId })).toEqual(one)
  await makeDefault(null)
  // Who left it to the project meant the default as it was.
  expect(await planned(again)).toEqual(one)
  expect(await planned()).toBeUndefined()
})

it('what a submission says of configurations is refused at once when nothing can come of it', async () => {
  const { test, anna, configurator, create, submit, planned, makeDefault } = await organization()
  const { application } = test
  const { artifactConfigurationId } = await create('editions', parametrized)
  await test.policy({ submitters: [anna], slug: 'other' })
  const named = { artifactConfiguration: 'editions' }
  const parameters = { edition: 'home' }
  for (const [changes, code] of [
    [{ artifactConfiguration: 'none' }, 'ARTIFACT_CONFIGURATION_NOT_FOUND'],
    [{ project: 'other', artifactConfiguration: artifactConfigurationId }, 'ARTIFACT_CONFIGURATION_NOT_FOUND'],
    [{ parameters }, 'PARAMETER_UNKNOWN'],
    [named, 'PARAMETER_MISSING'],
    [{ ...named, parameters: { ...parameters, colour: 'red' } }, 'PARAMETER_UNKNOWN'],
    [{ ...named, parameters: { edition: 'a\u202eb' } }, 'PARAMETER_INVALID'],
  ] as const) {
    expect(await codeOf(submit(changes))).toBe(code)
    const asked = { project: 'tool', signingPolicy: 'release', description: null, ...changes }
    const file = { fileName: 'release.zip', size: 9, firstBytes: null }
    expect(await codeOf(application.canSubmit(anna, { ...asked, ...file }))).toBe(code)
  }
  expect(await planned({ ...named, parameters })).toMatchObject({ parameters })
  // A configuration takes archives in, which no format is.
  const archive = { fileName: 'release.zip', size: 4, firstBytes: Buffer.from('PK\u0003\u0004') }
  const asked = { project: 'tool', signingPolicy: 'release', description: null, ...archive }
  expect(await codeOf(application.canSubmit(anna, asked))).toBe('FORMAT_NOT_SUPPORTED')
  expect(await codeOf(application.canSubmit(anna, { ...asked, ...named, parameters }))).toBe('done')
  await makeDefault(artifactConfigurationId)
  await application.deactivateArtifactConfiguration(configurator, { artifactConfigurationId, reason: null })
  expect(await codeOf(submit({ parameters }))).toBe('ARTIFACT_CONFIGURATION_INACTIVE')
})

it('a text that cannot be used changes nothing, and says all that is wrong with it, and where', async () => {
  const { test, configurator, create, state, update } = await organization()
  const { artifactConfigurationId } = await create('installer', programConfiguration())
  const before = await state(artifactConfigurationId)
  const wrong = programConfiguration().replace('<authenticode-sign/>', '<authenticode-sign hash="1"/><nonsense/>')
  const refused = update(artifactConfigurationId, wrong)
  await expect(refused).rejects.toMatchObject({ code: 'ARTIFACT_CONFIGURATION_INVALID' })
  const { errors } = await test.application.validateArtifactConfiguration(configurator, wrong)
  expect(errors.length).toBeGreaterThan(1)
  await expect(refused).rejects.toMatchObject({ details: { errors } })
  expect(errors[0]).toMatchObject({ line: 4, column: expect.any(Number), message: expect.any(String) })
  const later = programConfiguration().replaceAll('pe-file', 'rpm-file').replace('authenticode', 'rpm')
  await expect(create('later', later)).rejects.toMatchObject({
    code: 'DIRECTIVE_NOT_SUPPORTED',
    details: { errors: [{ line: 3, column: 3 }] },
  })
  expect(await codeOf(update(artifactConfigurationId, programConfiguration()))).toBe('ARTIFACT_CONFIGURATION_UNCHANGED')
  const large = programConfiguration('x'.repeat(1024 * 1024))
  expect(await codeOf(update(artifactConfigurationId, large))).toBe('ARTIFACT_CONFIGURATION_TOO_LARGE')
  expect(await codeOf(create('INSTALLER', programConfiguration()))).toBe('ARTIFACT_CONFIGURATION_SLUG_TAKEN')
  expect(await state(artifactConfigurationId)).toEqual(before)
})

it('a configurator describes, and where changes are controlled an administrator of projects approves', async () => {
  const { test, anna, configurator, administrator, create, state, update, planned } = await organization()
  const { application } = test
  expect(await codeOf(create('mine', programConfiguration(), anna))).toBe('FORBIDDEN')
  const { artifactConfigurationId } = await create('installer', programConfiguration())
  const ada = await test.user('Ada', 'globalAdministrator')
  await test.user('Bob', 'globalAdministrator')
  await application.changeChangeControl(ada, { changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } })
  const because = { ...configurator, changeReason: 'The library is signed, too' }
  const proposed = await update(artifactConfigurationId, programConfiguration('second'), because)
  const changeProposalId = proposed.changeProposalId as ChangeProposalId
  expect(await planned({ artifactConfiguration: 'installer' })).toMatchObject({ version: 1 })
  const shown = await application.readProposedDocument(administrator, { changeProposalId })
  expect(shown).toEqual({ before: programConfiguration(), after: programConfiguration('second') })
  expect(await codeOf(application.approveChange(configurator, { changeProposalId, comment: null }))).toBe('FORBIDDEN')
  await application.approveChange(administrator, { changeProposalId, comment: null })
  expect((await state(artifactConfigurationId)).versions[1]).toMatchObject({ reason: 'The library is signed, too' })
  expect(await planned({ artifactConfiguration: 'installer' })).toMatchObject({ version: 2 })
  // Stopping needs nobody; going on does.
  const reference = { artifactConfigurationId, reason: null }
  expect(await application.deactivateArtifactConfiguration(configurator, reference)).not.toHaveProperty(
    'changeProposalId',
  )
  expect(await application.reactivateArtifactConfiguration(configurator, reference)).toHaveProperty('changeProposalId')
  expect(await create('second', programConfiguration())).toHaveProperty('changeProposalId')
})
