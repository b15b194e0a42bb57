import { expect, test } from 'vitest'
import {
  type ArtifactConfigurationCommand,
  type ArtifactConfigurationId,
  type ArtifactConfigurationState,
  activeArtifactConfiguration,
  checkedParameters,
  currentDocument,
  artifactConfigurationDecider as decider,
  fold,
  largestConfiguration,
  type OrganizationId,
  type ProjectId,
  projectDecider,
  refuseErrors,
  type Sha256Digest,
  signingRequestDecider,
} from '../../domain/index.ts'
import { aSubmission, fixedUuid } from '../support/submission.ts'

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error)
  }
}

const digest = (byte: string) => byte.repeat(32) as Sha256Digest
const artifactConfigurationId = fixedUuid<ArtifactConfigurationId>('7')
const facts = {
  artifactConfigurationId,
  organizationId: fixedUuid<OrganizationId>('3'),
  projectId: fixedUuid<ProjectId>('4'),
}
const create = {
  type: 'CreateArtifactConfiguration',
  ...facts,
  slug: 'Installer',
  name: 'Installer',
  description: null,
  documentDigest: digest('a1'),
  size: 100,
} as const

function after(...commands: readonly ArtifactConfigurationCommand[]): ArtifactConfigurationState {
  return commands.reduce(
    (state, command) => fold(decider, decider.decide(command, state), state),
    decider.initialState(),
  )
}

test('every change of the text is a version, and the versions before it stay', () => {
  const change = {
    type: 'ChangeArtifactConfiguration',
    documentDigest: digest('a2'),
    size: 120,
    reason: 'more',
  } as const
  const rename = { type: 'DescribeArtifactConfiguration', name: 'Setup', description: 'All of it' } as const
  expect(after(create, change, rename)).toEqual({
    status: 'active',
    ...facts,
    slug: 'installer',
    name: 'Setup',
    description: 'All of it',
    versions: [
      { documentDigest: digest('a1'), size: 100, reason: null },
      { documentDigest: digest('a2'), size: 120, reason: 'more' },
    ],
  })
  expect(currentDocument(activeArtifactConfiguration(after(create, change)))).toMatchObject({
    version: 2,
    documentDigest: digest('a2'),
  })
})

test('nothing is signed by a configuration that was put out of use, until it is put into use again', () => {
  const deactivate = { type: 'DeactivateArtifactConfiguration', reason: null } as const
  const inactive = after(create, deactivate)
  expect(codeOf(() => activeArtifactConfiguration(inactive))).toBe('ARTIFACT_CONFIGURATION_INACTIVE')
  expect(codeOf(() => decider.decide(deactivate, inactive))).toBe('ARTIFACT_CONFIGURATION_INACTIVE')
  const reactivate = { type: 'ReactivateArtifactConfiguration' } as const
  expect(after(create, deactivate, reactivate)).toEqual(after(create))
  expect(codeOf(() => after(create, reactivate))).toBe('ARTIFACT_CONFIGURATION_ACTIVE')
})

test.each<[string, readonly ArtifactConfigurationCommand[], string]>([
  ['created twice', [create, create], 'ARTIFACT_CONFIGURATION_EXISTS'],
  ['changed before it is there', [{ type: 'ReactivateArtifactConfiguration' }], 'ARTIFACT_CONFIGURATION_NOT_FOUND'],
  [
    'given the text that it has',
    [create, { type: 'ChangeArtifactConfiguration', documentDigest: digest('a1'), size: 100, reason: null }],
    'ARTIFACT_CONFIGURATION_UNCHANGED',
  ],
  [
    'given the name that it has',
    [create, { type: 'DescribeArtifactConfiguration', name: ' Installer', description: null }],
    'ARTIFACT_CONFIGURATION_UNCHANGED',
  ],
  ['of more than 1 MiB', [{ ...create, size: largestConfiguration + 1 }], 'ARTIFACT_CONFIGURATION_TOO_LARGE'],
  ['with a slug that is none', [{ ...create, slug: '../x' }], 'SLUG_MALFORMED'],
  ['without a name', [{ ...create, name: '' }], 'NAME_MALFORMED'],
])('one is not %s', (_, commands, code) => {
  expect(codeOf(() => after(...commands))).toBe(code)
})

test('a project has one default configuration at the most', () => {
  const project = { ...facts, slug: 'tool', name: 'Tool', description: null, repositoryUrl: null }
  const created = { ...project, type: 'CreateProject', readers: [], configurators: [] } as const
  const begun = fold(projectDecider, projectDecider.decide(created, projectDecider.initialState()))
  const choose = (id: ArtifactConfigurationId | null, state = begun) =>
    fold(
      projectDecider,
      projectDecider.decide({ type: 'ChangeDefaultArtifactConfiguration', artifactConfigurationId: id }, state),
      state,
    )
  const [first, second] = [artifactConfigurationId, fixedUuid<ArtifactConfigurationId>('8')]
  expect(choose(second, choose(first))).toMatchObject({ defaultArtifactConfigurationId: second })
  expect(choose(null, choose(first))).toEqual(begun)
  expect(codeOf(() => choose(null))).toBe('PROJECT_UNCHANGED')
  expect(codeOf(() => choose(first, choose(first)))).toBe('PROJECT_UNCHANGED')
})

test('a submission with a configuration is of the fifth form, and one without it of the form that it had', () => {
  const submitted = (changes: Parameters<typeof aSubmission>[0]) =>
    signingRequestDecider.decide(
      { type: 'SubmitSigningRequest', submission: aSubmission(changes) },
      signingRequestDecider.initialState(),
    )[0]?.data
  const artifactConfiguration = {
    artifactConfigurationId,
    version: 2,
    documentDigest: digest('a2'),
    parameters: { b: '2', a: '1' },
  }
  const data = submitted({ artifactConfiguration })
  expect(data).toMatchObject({ schemaVersion: 5, artifactConfiguration })
  expect(JSON.stringify(data)).toContain('"parameters":{"a":"1","b":"2"}')
  expect(submitted({})).toMatchObject({ schemaVersion: 1 })
  expect(submitted({})).not.toHaveProperty('artifactConfiguration')
})

test.each([
  ['too many', Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`p${index}`, '']))],
  ['without a name', { '': 'x' }],
  ['with a name that is too long', { ['n'.repeat(101)]: 'x' }],
  ['with a value that is too long', { name: 'x'.repeat(1_001) }],
  ['with a value that nobody sees', { name: 'a\u202eexe' }],
])('parameters are not %s', (_, given) => {
  expect(codeOf(() => checkedParameters(given))).toBe('PARAMETER_INVALID')
})

test('all that is wrong with a text is told at once, and what is only not there yet by a code of its own', () => {
  const fault = (code: string, line: number) => ({ code, line, column: 3, message: `Wrong ${line}.` })
  const faults = [fault('DIRECTIVE_NOT_SUPPORTED', 4), fault('PATH_MISSING', 7)]
  expect(() => refuseErrors({ errors: faults })).toThrow(
    expect.objectContaining({
      code: 'ARTIFACT_CONFIGURATION_INVALID',
      message: 'The artifact configuration cannot be used. 4:3: Wrong 4. 7:3: Wrong 7.',
      details: { errors: faults },
    }),
  )
  expect(codeOf(() => refuseErrors({ errors: faults.slice(0, 1) }))).toBe('DIRECTIVE_NOT_SUPPORTED')
  expect(codeOf(() => refuseErrors({ errors: [] }))).toBeUndefined()
})
