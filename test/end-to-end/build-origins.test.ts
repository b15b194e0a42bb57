import { createHash, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import {
  type SigningRequestId,
  streams,
  type TrustedBuildSystemCommand,
  trustedBuildSystemDecider,
  userDecider,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { sampleProgram } from '../../server/embedded/sample-program.ts'
import { answeringServer } from '../support/answering-server.ts'
import type { SaidBuild } from '../support/build-systems/build-of-kind.ts'
import { gitHubByToken, gitLabByToken } from '../support/build-systems/builds-by-token.ts'
import { linkedProject } from '../support/build-systems/linked-project.ts'
import { rightBuilds } from '../support/build-systems/right-builds.ts'
import { formOf, type RestAnswer, restClient } from '../support/rest-client.ts'
import { serveOrganization } from '../support/served-organization.ts'
import { silenceWorkers, useTimeSkipping } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { reached } from '../support/workflow-requests.ts'

silenceWorkers()
const environment = useTimeSkipping()

test('a right build of each kind is signed, and a wrong one is refused with its code, and signs nothing', async () => {
  const program = sampleProgram()
  const builds = Object.entries(await rightBuilds(program))
  const organization = await testOrganization({ buildSystem: true, approval: null, timestamp: 'none' })
  const served = await serveOrganization(environment(), organization)
  const { organizationId } = organization.setup
  const apiToken = organization.tokens.get(organization.submitter)

  async function outcomes([name, build]: (typeof builds)[number], index: number) {
    const slug = `kind-${index}`
    const token = `${apiToken}:${(await linkedProject(organization, slug, build)).token}`
    const { send } = restClient(`${served.url}/API/v1/${organizationId}`, token)
    let count = 0
    /** As clients do it: under one key, again while the service asks for that. A token stands for that one submission. */
    async function submit({ fields = {}, secrets = {}, origin = {} }: SaidBuild, bytes: Uint8Array) {
      count += 1
      const headers = { 'idempotency-key': `${slug} ${count}` }
      const form = () =>
        formOf({
          projectSlug: slug,
          signingPolicySlug: 'release',
          ...under('Build.', fields),
          ...under('BuildSecrets.', secrets),
          ...origin,
          artifact: new File([Buffer.from(bytes)], 'program.exe'),
        })
      return until(`the service answers ${name}`, async () => {
        const answer = await send('POST', '/SigningRequests/SubmitWithArtifact', form(), headers)
        return answer.status === 503 ? undefined : answer
      })
    }
    const right = await build.said()
    const { status, body } = await submit(right, program)
    expect([status, body.detail], name).toEqual([201, undefined])
    const signed = await reached(organization, body.signingRequestId, 'Completed')
    expect(signed.origin, name).toMatchObject({ kind: build.kind, verified: { proof: build.proof } })
    expect(signed.build === undefined, name).toBe(right.fields === undefined && right.secrets === undefined)
    await expectNoSecret(body.signingRequestId, [
      ...Object.values(right.secrets ?? {}),
      ...Object.values(build.linkSecrets),
    ])

    for (const wrong of build.wrong) {
      wrong.change?.()
      const answer = await submit(await (wrong.said ?? build.said)(), wrong.bytes ?? program)
      const { signingRequestId } = answer.body
      const failure = wrong.atOnce
        ? answer.body
        : (await reached(organization, signingRequestId, 'OriginVerificationFailed')).failure
      expect([wrong.what, answer.status, failure?.code], name).toEqual([
        wrong.what,
        wrong.atOnce ? 400 : 201,
        wrong.code,
      ])
    }
    return body.signingRequestId as SigningRequestId
  }

  /** What is secret stands in no event of a request, and is kept no more when it is over. */
  async function expectNoSecret(signingRequestId: SigningRequestId, texts: readonly string[]) {
    const { events } = await readWholeStream(organization.log, streams.signingRequest(signingRequestId))
    const written = JSON.stringify(events)
    for (const text of texts) expect(written).not.toContain(text)
    const { build } = await organization.request(signingRequestId)
    for (const { secretId: id } of build?.secrets ?? [])
      expect(await organization.asking.secrets.get({ organizationId, purpose: 'buildSecret', id })).toBeUndefined()
  }

  const signed = await Promise.all(builds.map(outcomes))
  await served.caughtUp()
  // Fetched from the build system, named by its slug or by the token that is sent: by REST, and by GraphQL from the command line.
  const gitLab = await gitLabByToken(program)
  const ofGitLab = async () => (await gitLab.said()).secrets?.identityToken ?? ''
  const system = 'fetched'
  await linkedProject(organization, system, gitLab)
  const fetching = { projectSlug: system, signingPolicySlug: 'release', trustedBuildSystemSlug: system }
  const rest = restClient(`${served.url}/API/v1/${organizationId}`, String(apiToken))
  const named = { ...fetching, 'build.jobId': '31', 'build.path': 'out/tool.exe' }
  const fetchBy = (said: Readonly<Record<string, string>>) =>
    until('the service answers', async () => {
      const form = formOf({ ...said, 'buildSecrets.identityToken': await ofGitLab() })
      const answer = await rest.send('POST', '/SigningRequests/SubmitBuildArtifact', form)
      return answer.status === 503 ? undefined : answer
    })
  const fetched = await fetchBy(named)
  expect([fetched.status, fetched.body.detail]).toEqual([201, undefined])
  await reached(organization, fetched.body.signingRequestId, 'Completed')
  expect((await fetchBy({ ...fetching, 'build.jobId': '31' })).body).toMatchObject({ code: 'ORIGIN_BUILD_INVALID' })
  expect((await fetchBy({ ...named, trustedBuildSystemSlug: 'none' })).body).toMatchObject({
    code: 'TRUSTED_BUILD_SYSTEM_NOT_FOUND',
  })
  const args = ['sign', '--project', system, '--policy', 'release', '--from-build', system, '--out', 'fetched.exe']
  const build = ['--build', 'jobId=31', '--build', 'path=out/tool.exe', '--build-secret-env', 'identityToken=JOB']
  const ran = await served.countersign([...args, ...build], organization.submitter, {
    environment: { COUNTERSIGN_URL: served.url, COUNTERSIGN_TOKEN: apiToken, JOB: await ofGitLab() },
  })
  expect(ran).toMatchObject({ code: 0 })

  // What was said of the build, and what was verified, by REST and the command line.
  const [first] = signed
  const { send } = restClient(`${served.url}/API/v1/${organizationId}`, String(apiToken))
  const { body } = await send('GET', `/SigningRequests/${first}`)
  expect(body).toMatchObject({
    build: { fields: { runId: '5001', artifactId: '7001' }, secretNames: ['accessToken'] },
    verifiedOrigin: { verified: true, kind: 'githubActions' },
  })
  const shown = await served.countersign(['request', 'show', String(first)], organization.submitter)
  expect(shown.stdout).toMatch(/build named\s+.*runId=5001/)
}, 240_000)

test('a job submits by its identity token alone, as the CI user that the link names, and by no other token', async () => {
  const organization = await testOrganization({ buildSystem: true, approval: null, timestamp: 'none' })
  const { submitter, setup, log } = organization
  const { organizationId } = setup
  const served = await serveOrganization(environment(), organization)
  const build = await gitHubByToken()
  const job = async (changed: object = {}) => (await build.said(changed)).secrets.identityToken
  const linked = (slug: string, changed: object = {}, options = {}) =>
    linkedProject(organization, slug, { ...build, settings: { ...build.settings, submitter, ...changed } }, options)
  const { projectId, trustedBuildSystemId } = await linked('tool')
  const api = (token: string, organization: string = organizationId) =>
    restClient(`${served.url}/API/v1/${organization}`, token)
  const program = sampleProgram()
  let count = 0
  /** As clients do it: under a key, again while the service asks for that. */
  function submit(token: string, { projectSlug = 'tool', key = '', ...more }: Readonly<Record<string, string>> = {}) {
    count += 1
    const headers = { 'idempotency-key': key === '' ? `submission ${count}` : key }
    const artifact = () => new File([Buffer.from(program)], 'program.exe')
    const form = () => formOf({ projectSlug, signingPolicySlug: 'release', ...more, artifact: artifact() })
    return until('the service answers', async () => {
      const answer = await api(token).send('POST', '/SigningRequests/SubmitWithArtifact', form(), headers)
      return answer.status === 503 ? undefined : answer
    })
  }
  const answered = async (answer: Promise<RestAnswer>) => {
    const { status, body } = await answer
    return [status, body.code ?? 'done']
  }
  const boundTo = (sha256: string) => job({ aud: `${build.settings.audience}#sha256=${sha256}` })
  const digest = createHash('sha256').update(program).digest('hex')

  // Submitted once, read until the token expires, and found again by another token.
  const token = await boundTo(digest)
  const { status, body } = await submit(token, { key: 'build 1' })
  expect([status, body.detail]).toEqual([201, undefined])
  const { signingRequestId } = body
  const signed = await reached(organization, signingRequestId, 'Completed')
  expect(signed).toMatchObject({ submitter, origin: { verified: { proof: 'identityToken' } } })
  const [submission] = (await readWholeStream(log, streams.signingRequest(signingRequestId))).events
  const proof = { method: 'identityToken', issuer: build.settings.issuer, tokenId: expect.any(String) }
  expect(submission?.metadata.actor).toEqual({
    ...{ kind: 'user', userId: submitter, authentication: proof },
    vouchedBy: { trustedBuildSystemId, proof, node: null },
  })
  await served.caughtUp()
  expect((await api(token).bytes(`/SigningRequests/${signingRequestId}/SignedArtifact`)).length).toBeGreaterThan(0)
  const again = await submit(await job(), { key: 'build 1' })
  expect([again.status, again.body.signingRequestId]).toEqual([201, signingRequestId])

  const ofOther = { repository_id: '2', repository: 'Example/fork' }
  expect(
    await Promise.all([
      answered(submit(token)),
      answered(submit(await boundTo('0'.repeat(64)))),
      answered(submit(await job(ofOther))),
      answered(submit(await job({ event_name: 'pull_request_target' }))),
      answered(submit(await job({ event_name: 'pull_request', ref: 'refs/pull/7/merge' }))),
      answered(submit(await job({ aud: 'https://other.example' }))),
      answered(submit(await job({ iat: 1_000, exp: 1_300 }))),
      answered(submit(await job({ iss: 'https://token.example' }))),
      answered(submit(`${(await job()).slice(0, -8)}AAAAAAAA`)),
      answered(submit(`${await job()}:${organization.tokens.get(submitter)}`)),
      answered(submit(await job(), { 'BuildSecrets.identityToken': await job() })),
      answered(api(await job(), randomUUID()).send('GET', '/SigningRequests')),
      answered(api(await job()).send('POST', `/SigningRequests/${signingRequestId}/Approve`, {})),
    ]),
  ).toEqual([
    [400, 'IDENTITY_TOKEN_USED'],
    [400, 'IDENTITY_TOKEN_OTHER_ARTIFACT'],
    [401, 'IDENTITY_TOKEN_NOT_LINKED'],
    [401, 'ORIGIN_PULL_REQUEST'],
    [401, 'ORIGIN_PULL_REQUEST'],
    [401, 'IDENTITY_TOKEN_AUDIENCE_WRONG'],
    [401, 'IDENTITY_TOKEN_EXPIRED'],
    [401, 'IDENTITY_TOKEN_NOT_LINKED'],
    [401, 'IDENTITY_TOKEN_SIGNATURE_INVALID'],
    [401, 'IDENTITY_TOKEN_NOT_ALONE'],
    [400, 'ORIGIN_BUILD_INVALID'],
    [401, 'IDENTITY_TOKEN_NOT_LINKED'],
    [403, 'API_TOKEN_SCOPE_EXCEEDED'],
  ])

  // Of a right and of a wrong build, checks and evidence are seen by REST, GraphQL (which the command line asks), and in the history.
  const elsewhere = (await submit(await job({ ref: 'refs/heads/feature' }))).body.signingRequestId
  await reached(organization, elsewhere, 'OriginVerificationFailed')
  await served.caughtUp()
  for (const [id, verified, check] of [
    [signingRequestId, true, { name: 'branch', outcome: 'passed', code: null }],
    [elsewhere, false, { name: 'branch', outcome: 'failed', code: 'ORIGIN_BRANCH_NOT_ALLOWED' }],
  ] as const) {
    const shown = (await api(await job()).send('GET', `/SigningRequests/${id}`)).body
    expect(shown.verifiedOrigin).toMatchObject({
      verified,
      checks: expect.arrayContaining([expect.objectContaining(check)]),
    })
    expect([shown.vouchedBy.method, shown.failure?.code ?? null]).toEqual(['identityToken', check.code])
    const [{ link, sha256 }] = shown.verifiedOrigin.evidence
    const kept = await api(await job()).bytes(link)
    expect(createHash('sha256').update(kept).digest('hex')).toBe(sha256)
    expect(JSON.parse(kept.toString())).toMatchObject({ repository_id: '1001' })
    const byGraphQL = JSON.parse((await served.countersign(['request', 'show', id, '--json'], submitter)).stdout)
    expect(byGraphQL.origin).toMatchObject({
      checks: expect.arrayContaining([expect.objectContaining({ name: 'branch' })]),
    })
    const history = await served.countersign(['audit', 'history', 'request', id], submitter)
    expect(history.stdout).toContain(`"name":"branch","outcome":"${check.outcome}"`)
  }

  // By the command line: the job asks GitHub for tokens, that for the submission names the artifact.
  const audiences: string[] = []
  const gitHub = await answeringServer(async ({ url = '' }, response) => {
    const aud = new URL(url, 'http://x').searchParams.get('audience') ?? ''
    audiences.push(aud)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ value: await job({ aud }) }))
  })
  writeFileSync(join(organization.folder, 'program.exe'), program)
  const environmentOfJob = {
    ...{ COUNTERSIGN_URL: served.url, COUNTERSIGN_ORGANIZATION: organizationId },
    ...{ ACTIONS_ID_TOKEN_REQUEST_URL: `${gitHub.url}/token?run=1`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-job' },
  }
  const args = ['--project', 'tool', '--policy', 'release', '--identity-token', '--audience', build.settings.audience]
  const ran = await served.countersign(['sign', 'program.exe', ...args, '--out', 'signed.exe'], submitter, {
    environment: environmentOfJob,
  })
  expect(ran).toMatchObject({ code: 0 })
  expect(audiences).toContain(`${build.settings.audience}#sha256=${digest}`)
  expect(audiences.length).toBe(2)

  // A policy that verifies nothing uses the token up all the same; a link can demand that tokens name the artifact.
  await linked('direct', { audience: 'https://direct', requireArtifactDigest: true }, { isVerified: false })
  const direct = await job({ aud: `https://direct#sha256=${digest}` })
  const toDirect = { projectSlug: 'direct' }
  expect([
    await answered(submit(await job({ aud: 'https://direct' }), toDirect)),
    await answered(submit(await job(), toDirect)),
    await answered(submit(direct, toDirect)),
    await answered(submit(direct, toDirect)),
  ]).toEqual([
    [400, 'IDENTITY_TOKEN_ARTIFACT_UNNAMED'],
    [403, 'API_TOKEN_SCOPE_EXCEEDED'],
    [201, 'done'],
    [400, 'IDENTITY_TOKEN_USED'],
  ])

  // Two links of different build systems take it; then none; then the user is gone.
  await linked('twin')
  expect(await answered(submit(await job()))).toEqual([401, 'IDENTITY_TOKEN_LINK_AMBIGUOUS'])
  const tell = (command: TrustedBuildSystemCommand) =>
    handleCommand(
      organization.signer,
      setup,
      streams.trustedBuildSystem(trustedBuildSystemId),
      trustedBuildSystemDecider,
      command,
    )
  await tell({ type: 'DisableTrustedBuildSystem', reason: null })
  expect(await answered(submit(await job(), { projectSlug: 'twin' }))).toEqual([201, 'done'])
  expect(await answered(submit(await job()))).toEqual([403, 'API_TOKEN_SCOPE_EXCEEDED'])
  await tell({ type: 'UnlinkProject', projectId })
  await handleCommand(organization.signer, setup, streams.user(submitter), userDecider, {
    type: 'DeactivateUser',
    reason: null,
  })
  expect(await answered(submit(await job()))).toEqual([401, 'USER_DEACTIVATED'])
}, 240_000)

function under(prefix: string, values: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, String(value)]))
}
