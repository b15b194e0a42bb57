import { describe, expect, test } from 'vitest'
import { failedChecks } from '../../domain/index.ts'
import { teamCity } from '../../origin/team-city/index.ts'
import { connectorTools } from '../support/build-systems/connector-tools.ts'
import { type TeamCityFault, teamCityStandIn, teamCityToken } from '../support/build-systems/team-city.ts'

const submitted = { buildId: '4711', artifactPath: 'out/Library 1.0.3.nupkg' }

async function asked(faults: readonly TeamCityFault[], settings: object = {}, apiKey: string = teamCityToken) {
  const server = await teamCityStandIn(faults)
  const tools = connectorTools('TeamCity', server.url, { apiKey })
  const question = {
    ...{ artifact: null, claimed: null, build: teamCity.build.parse(submitted) },
    settings: teamCity.settings.parse({ baseUrl: server.url, buildTypeIds: ['Library_Release'], ...settings }),
    project: { slug: 'library', repositoryUrl: 'https://git.example.org/team/library' },
    signingPolicy: { slug: 'release' },
  }
  return { server, tools, question }
}

async function verified(...options: Parameters<typeof asked>) {
  const { tools, question, server } = await asked(...options)
  const finding = await teamCity.verify(question, tools)
  return { finding, server, tools, codes: failedChecks(finding.checks).map(({ code }) => code) }
}

describe('a build of TeamCity', () => {
  test('passes with the revision of the one root that is of the repository', async () => {
    const { finding, codes, server } = await verified([])
    expect(codes).toEqual([])
    expect(finding.origin).toEqual({
      repository: { url: 'https://git.example.org/team/library.git', id: null, ownerId: null },
      ref: { kind: 'branch', name: 'main' },
      commitId: '5f0c3c3f1a2b4d5e6f708192a3b4c5d6e7f80910',
      build: {
        ...{ id: '4711', url: 'https://teamcity.example.org/build/4711', attempt: null, definition: 'Library_Release' },
        ...{ calledDefinition: null, trigger: 'user', runners: 'unknown' },
      },
      actors: [{ role: 'initiator', system: server.url, id: '7', name: 'Ann' }],
    })
  })

  test.each(['a build that runs', 'fields that nobody knows'] as const)('passes: %s', async (fault) => {
    expect((await verified([fault])).codes).toEqual([])
  })

  const wrong: readonly (readonly [TeamCityFault, string])[] = [
    ['a build that failed', 'ORIGIN_BUILD_FAILED'],
    ['a build that waits', 'ORIGIN_BUILD_FAILED'],
    ['a build that was canceled', 'ORIGIN_BUILD_FAILED'],
    ['no such build', 'ORIGIN_BUILD_NOT_FOUND'],
    ['another build', 'ORIGIN_BUILD_DIFFERENT'],
    ['a personal build', 'ORIGIN_PERSONAL_BUILD'],
    ['a build without personal', 'ORIGIN_ANSWER_INCOMPLETE'],
    ['a customized build', 'ORIGIN_BUILD_CUSTOMIZED'],
    ['another configuration', 'ORIGIN_BUILD_OF_OTHER_PROJECT'],
    ['a pull request', 'ORIGIN_PULL_REQUEST'],
    ['a merge request', 'ORIGIN_PULL_REQUEST'],
    ['a short branch name', 'ORIGIN_REF_UNKNOWN'],
    ['a root of another repository', 'ORIGIN_CHECKOUT_MISSING'],
    ['two roots of the repository', 'ORIGIN_CHECKOUT_AMBIGUOUS'],
    ['a revision that is no commit', 'ORIGIN_CHECKOUT_AMBIGUOUS'],
    ['a root without an address', 'ORIGIN_API_FORBIDDEN'],
    ['no such artifact', 'ORIGIN_ARTIFACT_NOT_FOUND'],
    ['a folder in place of an artifact', 'ORIGIN_ANSWER_INCOMPLETE'],
  ]
  test.each(wrong)('is refused: %s, %s', async (fault, code) => {
    expect((await verified([fault])).codes).toEqual([code])
  })

  test('says which permission the token lacks, and takes no other token', async () => {
    const { finding } = await verified(['a root without an address'])
    expect(failedChecks(finding.checks)[0]?.message).toContain('View build configuration settings')
    expect((await verified([], {}, 'wrong')).codes).toContain('ORIGIN_API_UNAUTHENTICATED')
  })

  test('keeps nothing of a token in the address of its root', async () => {
    const { finding, codes, tools } = await verified(['a root by an address with a token'])
    expect([codes, finding.origin?.repository.url]).toEqual([[], 'https://git.example.org/team/library.git'])
    expect(JSON.stringify([finding, ...tools.kept])).not.toContain('t0ken-of-ann')
  })

  test('may be customized where the link allows it', async () => {
    expect((await verified(['a customized build'], { allowCustomized: true })).codes).toEqual([])
  })

  test('gives its artifact whole, or fails', async () => {
    for (const [bytes, code] of [
      ['an artifact', undefined],
      ['an arti', 'ORIGIN_ARTIFACT_CUT'],
      ['another artifact', 'ORIGIN_ARTIFACT_MISMATCH'],
    ] as const) {
      const { tools, question, server } = await asked([])
      server.world.bytes = Buffer.from(bytes)
      const fetched = await teamCity.fetchArtifact?.(question, tools)
      const read = (async () => {
        const parts: Uint8Array[] = []
        for await (const part of fetched?.bytes ?? []) parts.push(part)
        return Buffer.concat(parts).toString()
      })()
      if (code === undefined) expect([await read, fetched?.fileName]).toEqual([bytes, 'Library 1.0.3.nupkg'])
      else await expect(read).rejects.toMatchObject({ code })
    }
  })

  test('without the artifact has nothing to fetch', async () => {
    const { tools, question } = await asked([])
    await expect(
      teamCity.fetchArtifact?.({ ...question, build: { ...question.build, artifactPath: 'a' } }, tools),
    ).rejects.toMatchObject({
      ...{ code: 'ORIGIN_ARTIFACT_NOT_FOUND', isPassing: false },
    })
  })

  test.each(['../a', 'a//b', 'a.zip!/b.exe', ''])('is not asked for the artifact «%s»', (artifactPath) => {
    expect(teamCity.build.safeParse({ ...submitted, artifactPath }).success).toBe(false)
  })
})
