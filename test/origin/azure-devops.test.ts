import { describe, expect, test } from 'vitest'
import { failedChecks } from '../../domain/index.ts'
import { azureDevOps } from '../../origin/azure-devops/index.ts'
import { type AzureDevOpsFault, azureDevOpsStandIn, azureToken } from '../support/build-systems/azure-devops.ts'
import { connectorTools } from '../support/build-systems/connector-tools.ts'

const rules = {
  ...{ definitionIds: [4], poolIds: [8] },
  requiredTemplate: { repositoryId: 'r-2', path: 'release.yml', ref: 'refs/heads/main' },
}

async function asked(faults: readonly AzureDevOpsFault[], settings: object = rules, apiKey: string = azureToken) {
  const server = await azureDevOpsStandIn(faults)
  const question = {
    ...{ artifact: null, claimed: null, build: azureDevOps.build.parse({ buildId: 531, artifactName: 'package' }) },
    settings: azureDevOps.settings.parse({ baseUrl: server.url, project: 'library', ...settings }),
    project: { slug: 'library', repositoryUrl: 'https://dev.azure.com/example/Library/_git/Library' },
    signingPolicy: { slug: 'release' },
  }
  // Azure DevOps compares names without case; the stand-in's paths are exact.
  const exact = { ...question, settings: { ...question.settings, project: 'Library' } }
  return { server, question: exact, tools: connectorTools('Azure DevOps', server.url, { apiKey }) }
}

async function verified(...options: Parameters<typeof asked>) {
  const { tools, question, server } = await asked(...options)
  const finding = await azureDevOps.verify(question, tools)
  return { finding, server, codes: failedChecks(finding.checks).map(({ code }) => code) }
}

describe('a build of Azure DevOps', () => {
  test('passes with repository, commit of the branch, template and pool', async () => {
    const { finding, codes, server } = await verified([])
    expect(codes).toEqual([])
    const actor = { role: 'initiator', system: server.url }
    expect(finding.origin).toEqual({
      repository: { url: 'https://example@dev.azure.com/example/Library/_git/Library', id: 'r-1', ownerId: null },
      ref: { kind: 'branch', name: 'main' },
      commitId: '5f0c3c3f1a2b4d5e6f708192a3b4c5d6e7f80910',
      build: {
        ...{ id: '531', url: 'https://dev.azure.com/example/Library/_build/results?buildId=531', attempt: 1 },
        ...{
          definition: 'azure-pipelines.yml',
          calledDefinition: 'release.yml',
          trigger: 'individualCI',
          runners: 'hosted',
        },
      },
      actors: [
        { ...actor, id: 's-1', name: 'Service' },
        { ...actor, id: 'a-1', name: 'Ann' },
      ],
    })
  })

  test.each(['a build that runs', 'fields that nobody knows', 'a repository of GitHub'] as const)(
    'passes: %s',
    async (fault) => {
      expect((await verified([fault])).codes).toEqual([])
    },
  )

  test('of a tag is of that tag, and not of one that begins so', async () => {
    const { finding, codes } = await verified(['a tag'])
    expect([codes, finding.origin?.ref]).toEqual([[], { kind: 'tag', name: 'v1.0.3' }])
  })

  const wrong: readonly (readonly [AzureDevOpsFault, string])[] = [
    ['a build that failed', 'ORIGIN_BUILD_FAILED'],
    ['a build that succeeded in part', 'ORIGIN_BUILD_FAILED'],
    ['a deleted build', 'ORIGIN_BUILD_FAILED'],
    ['no such build', 'ORIGIN_BUILD_NOT_FOUND'],
    ['a token without the scope', 'ORIGIN_API_FORBIDDEN'],
    ['another build', 'ORIGIN_BUILD_DIFFERENT'],
    ['another project', 'ORIGIN_BUILD_OF_OTHER_PROJECT'],
    ['another pipeline', 'ORIGIN_BUILD_OF_OTHER_PROJECT'],
    ['a pull request by its reference', 'ORIGIN_PULL_REQUEST'],
    ['a pull request by its reason', 'ORIGIN_PULL_REQUEST'],
    ['a pull request by its trigger', 'ORIGIN_PULL_REQUEST'],
    ['a build after another build', 'ORIGIN_TRIGGER_NOT_ALLOWED'],
    ['a moved branch', 'ORIGIN_COMMIT_NOT_ON_REF'],
    ['a branch that is gone', 'ORIGIN_COMMIT_NOT_ON_REF'],
    ['a moved tag', 'ORIGIN_COMMIT_NOT_ON_REF'],
    ['a job in a pool of its own', 'ORIGIN_RUNNER_NOT_ALLOWED'],
    ['an earlier attempt in a pool of its own', 'ORIGIN_RUNNER_NOT_ALLOWED'],
    ['more attempts than are read', 'ORIGIN_RUNNER_NOT_ALLOWED'],
    ['a job without a queue', 'ORIGIN_RUNNER_NOT_ALLOWED'],
    ['another template', 'ORIGIN_TEMPLATE_MISSING'],
    ['a template of another reference', 'ORIGIN_TEMPLATE_MISSING'],
    ['a template of another repository', 'ORIGIN_TEMPLATE_MISSING'],
    ['a pipeline without YAML', 'ORIGIN_PIPELINE_NOT_YAML'],
    ['no such artifact', 'ORIGIN_ARTIFACT_NOT_FOUND'],
    ['an artifact on a file share', 'ORIGIN_ARTIFACT_NOT_FOUND'],
    ['a repository of a kind that nobody knows', 'ORIGIN_REPOSITORY_UNSUPPORTED'],
    ['a build without a commit', 'ORIGIN_ANSWER_INCOMPLETE'],
  ]
  test.each(wrong)('is refused: %s, %s', async (fault, code) => {
    expect((await verified([fault])).codes).toEqual([code])
  })

  test('of a shelveset is refused, with all that is wrong', async () => {
    expect((await verified(['a shelveset'])).codes).toEqual(['ORIGIN_TRIGGER_NOT_ALLOWED', 'ORIGIN_REF_UNKNOWN'])
  })

  test('may run in pools of its own where the link says nothing of pools, and is known to', async () => {
    const { finding, codes } = await verified(['an earlier attempt in a pool of its own'], {})
    expect([codes, finding.origin?.build]).toMatchObject([[], { attempt: 2, runners: 'selfHosted' }])
  })

  test('of more attempts than are read ran nobody knows where', async () => {
    const { finding, codes } = await verified(['more attempts than are read'], {})
    expect([codes, finding.origin?.build.runners]).toEqual([[], 'unknown'])
  })

  test('with a token that is wrong is answered with a page to sign in on', async () => {
    expect((await verified([], rules, 'wrong')).codes).toEqual(['ORIGIN_API_UNAUTHENTICATED'])
  })

  test('gives its artifact as a ZIP file from a store that gets no token', async () => {
    const { tools, question, server } = await asked([])
    const fetched = await azureDevOps.fetchArtifact?.(question, tools)
    const parts: Uint8Array[] = []
    for await (const part of fetched?.bytes ?? []) parts.push(part)
    expect([fetched?.fileName, Buffer.concat(parts).toString()]).toEqual(['package.zip', 'a ZIP file'])
    expect(server.store.asked.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })
})
