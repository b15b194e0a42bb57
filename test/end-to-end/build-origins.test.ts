import { expect, test } from 'vitest'
import { type SigningRequestId, streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { sampleProgram } from '../../server/embedded/sample-program.ts'
import type { SaidBuild } from '../support/build-systems/build-of-kind.ts'
import { linkedProject } from '../support/build-systems/linked-project.ts'
import { rightBuilds } from '../support/build-systems/right-builds.ts'
import { formOf, restClient } from '../support/rest-client.ts'
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

function under(prefix: string, values: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, String(value)]))
}
