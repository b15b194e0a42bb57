import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { osslsigncodeVerify } from '../osslsigncode.ts'
import { type RestClient, restClient } from '../rest-client.ts'

/** Who takes part: the pipeline that builds, the tool that tests, and the release tool, a CI user that approves. */
export type Part = 'pipeline' | 'tests' | 'releaseTool'

/** An organization in which a release candidate is test-signed, tested, and released by tools alone. */
export type ReleaseWorld = {
  readonly url: string
  readonly data: string
  /** A folder for files. */
  readonly folder: string
  readonly token: (part: Part) => string
  readonly rest: (part: Part) => RestClient
  /** Policies of the project `demo`. */
  readonly candidatePolicy: 'test-signing'
  readonly releasePolicy: 'release-by-tool'
  /** Has another program verify a signed file: by the certificate of the policy, which the REST API gives out. */
  readonly requireSigned: (file: string, policy: 'test-signing' | 'release-by-tool') => Promise<void>
}

/** What came out of the scenario. */
export type Released = {
  readonly candidateId: string
  readonly releaseId: string
  /** Signed files. */
  readonly candidate: string
  readonly release: string
}

/**
 * Makes it of the demo organization, by REST alone. Nobody behind a build may be behind its approval: so another person than the
 * pipeline's answers for the release tool, and a third one makes its token.
 */
export async function makeReleaseWorld({
  url,
  data,
  folder,
}: Pick<ReleaseWorld, 'url' | 'data' | 'folder'>): Promise<ReleaseWorld> {
  const { organizationId, users } = JSON.parse(readFileSync(join(data, 'credentials.json'), 'utf8'))
  const base = `${url}/Api/v1/${organizationId}`
  const administrator = restClient(base, users.administrator.token)
  const secondAdministrator = restClient(base, users['approver-3'].token)
  const made = async (client: RestClient, method: 'POST' | 'PUT', target: string, body: object) => {
    const answer = await client.send(method, target, body)
    expect([200, 201], JSON.stringify(answer.body)).toContain(answer.status)
    return answer.body
  }
  const addCiUser = (name: string, responsible: string) =>
    made(administrator, 'POST', '/Users/CiUsers', { name, responsible: users[responsible].userId })
  const addToken = async (maker: RestClient, userId: string) =>
    (await made(maker, 'POST', `/Users/${userId}/ApiTokens`, { name: 'release scenario' })).token as string

  await made(administrator, 'PUT', `/Users/${users['approver-3'].userId}/Roles/userAdministrator`, {})
  const tests = await addCiUser('Test tool', 'administrator')
  const releaseTool = await addCiUser('Release tool', 'approver-1')
  const tokens = {
    pipeline: users.ci.token,
    tests: await addToken(administrator, tests.userId),
    releaseTool: await addToken(secondAdministrator, releaseTool.userId),
  }
  // Whoever tests a candidate must be able to fetch it.
  const { items: projects } = (await administrator.send('GET', '/Projects')).body
  const { projectId, revision, name, description, repositoryUrl } = projects[0]
  const readers = [{ user: tests.userId }]
  const described = { name, description, repositoryUrl, readers, configurators: [], basedOnRevision: revision }
  await made(administrator, 'PUT', `/Projects/${projectId}`, described)
  const { items } = (await administrator.send('GET', '/SigningPolicies')).body
  const model = items.find(({ slug }: { readonly slug: string }) => slug === 'release-signing')
  await made(administrator, 'POST', '/SigningPolicies', {
    projectId: model.projectId,
    slug: 'release-by-tool',
    settings: {
      name: 'Release by tool',
      certificateId: model.settings.certificateId,
      submitters: [{ user: tests.userId }],
      approval: { approvers: [{ user: releaseTool.userId }], requiredApprovals: 1 },
    },
  })

  const rest = (part: Part) => restClient(base, tokens[part])
  return {
    url,
    data,
    folder,
    token: (part) => tokens[part],
    rest,
    candidatePolicy: 'test-signing',
    releasePolicy: 'release-by-tool',
    async requireSigned(file, policy) {
      const pem = join(folder, `${policy}.pem`)
      writeFileSync(pem, await rest('tests').bytes(`/SigningPolicies/${policy}/Certificate/X509Certificate?format=pem`))
      const verdict = await osslsigncodeVerify(file, pem, join(data, 'time-stamp-authority', 'root.pem'))
      expect(verdict, verdict.output).toMatchObject({ ok: true, signatures: 1 })
    },
  }
}

/** SHA-256 of a file, as plans name it. */
export function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
