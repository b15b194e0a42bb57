import { expect, test } from 'vitest'
import { sampleProgram } from '../../server/embedded/sample-program.ts'
import type { BuildOfKind } from '../support/build-systems/build-of-kind.ts'
import { linkedProject } from '../support/build-systems/linked-project.ts'
import { rightBuilds } from '../support/build-systems/right-builds.ts'
import { restClient } from '../support/rest-client.ts'
import { serveOrganization } from '../support/served-organization.ts'
import { silenceWorkers, useTimeSkipping } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { reached } from '../support/workflow-requests.ts'

silenceWorkers()
const environment = useTimeSkipping()

const program = sampleProgram()

/** How a build of each kind is wrong, and what the plugin is told of it: all of it at once, where it was asked about. */
const faults: Readonly<Record<string, { readonly fields: object; readonly told: readonly [number, ...string[]] }>> = {
  GitHub: {
    fields: { gitHubRepository: 'Example/other', artifactId: '7002' },
    told: [400, 'ORIGIN_RUN_OTHER_REPOSITORY', 'ORIGIN_ARTIFACT_NOT_FOUND'],
  },
  GitLab: { fields: { gitLabJobId: 33 }, told: [404, 'ORIGIN_BUILD_NOT_FOUND'] },
  Jenkins: { fields: { buildNumber: 43 }, told: [404, 'ORIGIN_API_NOT_FOUND'] },
  AzureDevOps: { fields: { azureDevOpsArtifactName: 'other' }, told: [404, 'ORIGIN_ARTIFACT_NOT_FOUND'] },
  TeamCity: { fields: { teamCityBuildId: 4712 }, told: [404, 'ORIGIN_BUILD_NOT_FOUND'] },
}

test('a plugin of each build system has its artifact signed with an API token alone, and is told what is wrong', async () => {
  const builds = Object.entries(await rightBuilds(program)).filter(([, { plugin }]) => plugin !== undefined)
  expect(builds.map(([, { plugin }]) => plugin?.connector).sort()).toEqual(Object.keys(faults).sort())
  const organization = await testOrganization({ buildSystem: true, approval: null, timestamp: 'none' })
  const served = await serveOrganization(environment(), organization)
  const { organizationId } = organization.setup
  const token = String(organization.tokens.get(organization.submitter))
  const choices = (slug: string) => ({
    signPathProjectSlug: slug,
    signPathSigningPolicySlug: 'release',
    signPathArtifactConfigurationSlug: '',
    signingRequestDescription: 'By a plugin',
    parameters: [],
    ofALaterPlugin: { a: 1 },
  })
  const clientOf = (connector: string, slug: string) =>
    restClient(`${served.url}/Connectors/${connector}/${slug}/${organizationId}/SigningRequests`, token)

  async function byPlugin([name, build]: (typeof builds)[number], index: number) {
    const slug = `plugin-${index}`
    const { plugin: { connector, fields, isUploaded = false } = { connector: '', fields: {} } } = build
    await linkedProject(organization, slug, build)
    const { send, bytes } = clientOf(connector, slug)
    const submit = (said: object = {}) => send('POST', '', { ...choices(slug), ...fields, ...said })

    const { status, body } = await submit()
    expect([status, body.error, body.validationResult], name).toEqual([201, undefined, { errors: [] }])
    const { signingRequestId } = body
    expect(body.logs, name).toMatchObject([{ level: 'Information' }])
    if (isUploaded) {
      const link = `/${signingRequestId}/UnsignedArtifact?uploadLink=${encodeURIComponent(body.artifactUploadLink)}`
      expect((await uploaded(connector, slug, link, Buffer.concat([program, Buffer.alloc(8)]))).status).toBe(400)
      expect((await uploaded(connector, slug, link, program)).status).toBe(200)
    }
    const signed = await reached(organization, signingRequestId, 'Completed')
    expect(signed.origin, name).toMatchObject({ kind: build.kind, verified: { proof: 'api' } })
    expect(signed.source.kind, name).toBe(isUploaded ? 'announcedUpload' : 'buildArtifact')
    await served.caughtUp()
    const shown = await send('GET', `/${signingRequestId}/Status`)
    expect(shown.body, name).toMatchObject({ status: 'Completed', workflowStatus: 'Completed', isFinalStatus: true })
    const file = await bytes(`/${signingRequestId}/SignedArtifact`)
    expect(file.byteLength, name).toBeGreaterThan(program.byteLength)
    expect(file.subarray(0, 2).toString()).toBe('MZ')

    // A job that runs again finds the request of the first run; the secrets that it brings may differ.
    const again = await submit()
    expect([again.status, again.body.signingRequestId], name).toEqual([201, signingRequestId])
    const wrong = await submit(faults[connector]?.fields)
    const told = wrong.body.validationResult.errors.map(({ error }: { error: string }) => error.split(':')[0])
    expect(wrong.body.logs, name).toMatchObject([{ level: 'Error' }])
    return [connector, [wrong.status, ...told]]
  }

  async function uploaded(connector: string, slug: string, path: string, bytes: Uint8Array) {
    return await fetch(`${served.url}/Connectors/${connector}/${slug}/${organizationId}/SigningRequests${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
      body: Buffer.from(bytes),
    })
  }

  const refusals = await Promise.all(builds.map(byPlugin))
  expect(Object.fromEntries(refusals)).toEqual(
    Object.fromEntries(Object.entries(faults).map(([connector, { told }]) => [connector, told])),
  )

  const [, gitHub] = builds[0] as [string, BuildOfKind]
  const fields = gitHub.plugin?.fields
  const refused = async (connector: string, slug: string, said: object) => {
    const { status, body } = await clientOf(connector, slug).send('POST', '', { ...choices(slug), ...fields, ...said })
    return [status, /\(([A-Z_]+)\)$/.exec(body.error)?.[1], body.validationResult.errors.length]
  }
  // Naming a build system in a path proves nothing: where no origin is verified, its own token is needed.
  await linkedProject(organization, 'unverified', gitHub, { isVerified: false })
  expect(await refused('GitHub', 'unverified', {})).toEqual([400, 'TRUSTED_BUILD_SYSTEM_REQUIRED', 0])
  expect(await refused('GitHub', 'nobody', { signPathProjectSlug: 'plugin-0' })).toEqual([
    ...[404, 'TRUSTED_BUILD_SYSTEM_NOT_FOUND', 0],
  ])
  expect(await refused('GitHub', 'plugin-0', { artifactId: undefined })).toEqual([400, 'INPUT_MALFORMED', 0])
}, 240_000)
