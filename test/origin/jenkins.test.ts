import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Artifact, failedChecks, type SaidOrigin, type Sha256Digest } from '../../domain/index.ts'
import { jenkins } from '../../origin/jenkins/index.ts'
import { connectorTools } from '../support/build-systems/connector-tools.ts'
import { type JenkinsFault, jenkinsStandIn, jenkinsUser } from '../support/build-systems/jenkins.ts'

const commitId = '5f0c3c3f1a2b4d5e6f708192a3b4c5d6e7f80910'
const sha256 = createHash('sha256').update('an artifact').digest('hex') as Sha256Digest
const uploaded: Artifact = { fileName: 'Library 1.0.3.nupkg', sha256, size: 11 }
const submitted = { job: 'team/library/main', buildNumber: 42, artifactPath: 'out/Library 1.0.3.nupkg', sha256 }

type Options = {
  apiKey?: string
  settings?: object
  build?: object
  artifact?: Artifact | null
  claimed?: SaidOrigin | null
}

async function verified(faults: readonly JenkinsFault[], options: Options = {}) {
  const server = await jenkinsStandIn(faults)
  const { apiKey = jenkinsUser.apiKey, settings = { baseUrl: server.url, userName: jenkinsUser.userName } } = options
  const { artifact = uploaded, claimed = null } = options
  const tools = connectorTools('Jenkins', server.url, { apiKey })
  const finding = await jenkins.verify(
    {
      ...{ artifact, claimed, settings: jenkins.settings.parse(settings) },
      build: jenkins.build.parse({ ...submitted, ...options.build }),
      project: { slug: 'library', repositoryUrl: 'https://git.example.org/team/library' },
      signingPolicy: { slug: 'release' },
    },
    tools,
  )
  return { finding, server, tools, codes: failedChecks(finding.checks).map(({ code }) => code) }
}

describe('a build of Jenkins, where the link says how to ask', () => {
  test('passes when its one checkout of the repository and its archived artifact are those of the submission', async () => {
    const { finding, codes, server } = await verified([])
    expect(codes).toEqual([])
    expect(finding).toMatchObject({
      proof: 'api',
      origin: {
        repository: { url: 'git@git.example.org:team/library.git' },
        ref: { kind: 'branch', name: 'main' },
        commitId,
        build: {
          id: 'team/library/main#42',
          url: `${server.url}/job/team/job/library/job/main/42/`,
          trigger: 'UserIdCause',
        },
        actors: [{ role: 'initiator', system: server.url, id: 'ann', name: 'Ann' }],
      },
    })
  })

  test.each(['a build that runs', 'a plain folder', 'fields that nobody knows'] as const)(
    'passes: %s',
    async (fault) => {
      const { finding, codes } = await verified([fault])
      expect([codes, finding.origin?.ref]).toEqual([[], { kind: 'branch', name: 'main' }])
    },
  )

  test('keeps nothing of a token in the address that it checked out', async () => {
    const { finding, codes, tools } = await verified(['a repository by an address with a token'])
    expect([codes, finding.origin?.repository.url]).toEqual([[], 'https://git.example.org/team/library.git'])
    expect(JSON.stringify([finding, ...tools.kept])).not.toContain('t0ken-of-ann')
  })

  test('of a tag is one of a tag, although it is named like a branch', async () => {
    const { finding } = await verified(['a tag named like a branch'])
    expect(finding.origin?.ref).toEqual({ kind: 'tag', name: 'main' })
  })

  const wrong: readonly (readonly [JenkinsFault, string])[] = [
    ['a build that failed', 'ORIGIN_BUILD_FAILED'],
    ['a build that is unstable', 'ORIGIN_BUILD_FAILED'],
    ['no such build', 'ORIGIN_BUILD_NOT_FOUND'],
    ['a user without permission', 'ORIGIN_API_FORBIDDEN'],
    ['another build number', 'ORIGIN_BUILD_DIFFERENT'],
    ['a replayed build', 'ORIGIN_BUILD_REPLAYED'],
    ['a checkout of the library only', 'ORIGIN_CHECKOUT_MISSING'],
    ['two commits of the repository', 'ORIGIN_CHECKOUT_AMBIGUOUS'],
    ['a checkout of two repositories', 'ORIGIN_CHECKOUT_AMBIGUOUS'],
    ['a change request', 'ORIGIN_PULL_REQUEST'],
    ['views that do not show the job', 'ORIGIN_REF_UNKNOWN'],
    ['a plain folder and a detached head', 'ORIGIN_REF_UNKNOWN'],
    ['a plain folder and a pull request', 'ORIGIN_PULL_REQUEST'],
    ['an artifact that was not archived', 'ORIGIN_ARTIFACT_NOT_FOUND'],
    ['an archived artifact of other bytes', 'ORIGIN_ARTIFACT_DIFFERENT'],
    ['a build without a result', 'ORIGIN_ANSWER_INCOMPLETE'],
  ]
  test.each(wrong)('is refused: %s, %s', async (fault, code) => {
    expect((await verified([fault])).codes).toEqual([code])
  })

  test.each([
    ['a wrong API token', { apiKey: 'wrong' }, 'ORIGIN_API_UNAUTHENTICATED'],
    ['no job', { build: { job: null } }, 'ORIGIN_BUILD_UNNAMED'],
    ['another artifact than was announced', { build: { sha256: '0'.repeat(64) } }, 'ORIGIN_ARTIFACT_DIFFERENT'],
  ])('is refused: %s', async (_what, options, code) => {
    expect((await verified([], options)).codes).toEqual([code])
  })

  const byDigest = { artifactPath: undefined, sha256: undefined, sha256ArtifactPath: 'out/Library 1.0.3.nupkg.sha256' }
  test.each([
    [[], []],
    [['an archived digest in hexadecimal'], []],
    [['an archived artifact of other bytes'], []],
    [['an archived digest of other bytes'], ['ORIGIN_ARTIFACT_DIFFERENT']],
    [['an artifact that was not archived'], ['ORIGIN_ARTIFACT_NOT_FOUND']],
  ] as const)('is known by the digest that its plugin archived: with %j, %j', async (faults, expected) => {
    expect((await verified(faults, { build: byDigest })).codes).toEqual(expected)
  })

  test('announces that digest, by which the artifact is uploaded', async () => {
    const announced = async (faults: readonly JenkinsFault[], build: object = byDigest) => {
      const server = await jenkinsStandIn(faults)
      const question = {
        ...{
          artifact: null,
          claimed: null,
          settings: jenkins.settings.parse({ baseUrl: server.url, userName: jenkinsUser.userName }),
        },
        build: jenkins.build.parse({ ...submitted, ...build }),
        project: { slug: 'library', repositoryUrl: 'https://git.example.org/team/library' },
        signingPolicy: { slug: 'release' },
      }
      const { apiKey } = jenkinsUser
      return jenkins.announcedDigest?.(question, connectorTools('Jenkins', server.url, { apiKey }))
    }
    expect(await announced([])).toBe(sha256)
    await expect(announced(['a file in place of the archived digest'])).rejects.toMatchObject({
      code: 'ORIGIN_ANNOUNCEMENT_MALFORMED',
    })
    await expect(announced([], { sha256ArtifactPath: 'out/other.sha256' })).rejects.toMatchObject({
      code: 'ORIGIN_API_NOT_FOUND',
    })
    await expect(announced([], {})).rejects.toMatchObject({ code: 'ORIGIN_BUILD_UNNAMED' })
  })

  test('is of a job that the link names, or of a branch of it', async () => {
    const { server } = await verified([])
    const linked = (jobs: string[]) => ({ settings: { baseUrl: server.url, userName: jenkinsUser.userName, jobs } })
    expect((await verified([], linked(['team/lib']))).codes).toEqual(['ORIGIN_BUILD_OF_OTHER_PROJECT'])
    expect((await verified([], linked(['team/library']))).codes).toEqual([])
  })

  test('is looked at before its artifact is there', async () => {
    expect((await verified(['an archived artifact of other bytes'], { artifact: null })).codes).toEqual([])
  })

  test.each(['../main', 'team//main', 'a/./b', 'a\\b'])('is not asked for by the path «%s»', (path) => {
    expect(jenkins.build.safeParse({ ...submitted, job: path }).success).toBe(false)
    expect(jenkins.build.safeParse({ ...submitted, artifactPath: path }).success).toBe(false)
  })
})

describe('a build of Jenkins, of which the plugin says everything', () => {
  const claimed: SaidOrigin = {
    repositoryData: {
      ...{ url: 'https://git.example.org/team/library', branchName: 'refs/remotes/origin/main', commitId },
      sourceControlManagementType: 'git',
    },
    buildData: { url: 'https://jenkins.example.org/job/library/42/', buildSettingsFile: null },
  }
  const claim = (change: object = {}) => ({
    settings: {},
    claimed: { ...claimed, repositoryData: { ...claimed.repositoryData, ...change } } as SaidOrigin,
  })

  test('is a claim, and nobody is asked', async () => {
    const { finding, codes, server } = await verified([], claim())
    expect([codes, finding.proof, finding.origin?.ref]).toEqual([[], 'claim', { kind: 'branch', name: 'main' }])
    expect(server.asked).toEqual([])
  })

  test.each([
    ['no commit', claim({ commitId: null }), 'ORIGIN_JENKINS_INCOMPLETE'],
    ['a part of a commit', claim({ commitId: '5f0c3c3' }), 'ORIGIN_JENKINS_INCOMPLETE'],
    ['no branch', claim({ branchName: null }), 'ORIGIN_JENKINS_INCOMPLETE'],
    ['nothing', { settings: {}, claimed: null }, 'ORIGIN_JENKINS_INCOMPLETE'],
    ['a pull request', claim({ branchName: 'refs/pull/12/head' }), 'ORIGIN_PULL_REQUEST'],
    ['another digest', { ...claim(), build: { sha256: '0'.repeat(64) } }, 'ORIGIN_ARTIFACT_DIFFERENT'],
  ])('is refused with %s', async (_what, options, code) => {
    expect((await verified([], options)).codes).toEqual([code])
  })
})
