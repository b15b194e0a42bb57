import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { readPackage } from '../../artifacts/nuget/read-package.ts'
import { type SigningRequestId, streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { appVeyorFaults, appVeyorKeys, appVeyorStandIn } from '../support/build-systems/app-veyor.ts'
import { linkBuildSystem, linkedProject } from '../support/build-systems/linked-project.ts'
import { packed, readByAnother } from '../support/nuget-package.ts'
import { restClient } from '../support/rest-client.ts'
import { serveOrganization } from '../support/served-organization.ts'
import { silenceWorkers, useTimeSkipping } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { reached, typesOf } from '../support/workflow-requests.ts'
import { buildZip } from '../support/zip-builder.ts'

silenceWorkers()
const environment = useTimeSkipping()

/** What AppVeyor sends, as its documentation shows it, and environment variables as a Linux image has them. */
const hook = {
  ...{ accountName: 'example', projectId: 35, projectName: 'Library', projectSlug: 'library', buildId: 134173 },
  ...{ buildNumber: 3, buildVersion: '1.0.3', buildJobId: 'j0b1', jobId: 'f736vj1u3eg00000' },
  ...{ repositoryName: 'evil/library', branch: 'evil', commitId: '0'.repeat(40), commitMessage: 'Release' },
  artifacts: [{ fileName: 'Evil.nupkg', type: 'NuGetPackage', size: 3340, url: 'http://127.0.0.1:1/evil' }],
  environmentVariables: { appveyor: 'True', PATH: '/bin', Path: 'C:', FEED_KEY: 'hunter2' },
}

test('a package out of an AppVeyor build is signed by the web hook alone, with settings, commit and repository', async () => {
  const zip = buildZip(packed())
  const standIn = await appVeyorStandIn([], { artifact: zip })
  const { world } = standIn
  const organization = await testOrganization({
    buildSystem: true,
    approval: null,
    timestamp: 'none',
    keyAlgorithm: 'rsa-2048',
  })
  const served = await serveOrganization(environment(), organization)
  const appVeyor = {
    kind: 'appVeyor',
    repositoryUrl: 'https://github.com/example/library',
    settings: { baseUrl: standIn.url, accountName: 'example', mustBePublic: true },
    linkSecrets: { apiKey: appVeyorKeys.account },
  } as const
  await linkedProject(organization, 'library', appVeyor)
  const apiToken = organization.tokens.get(organization.submitter) ?? ''
  const { send, bytes } = restClient(`${served.url}/API/v1/${organization.setup.organizationId}`, apiToken)
  const address = '/Integrations/AppVeyor?ProjectSlug=library&SigningPolicySlug=release'
  const refusal = async (target = address, body: object = hook) => {
    const { status, body: problem } = await send('POST', target, body)
    return [status, problem.code]
  }
  /** Why a wrong build is not signed: said at once, or on the request. */
  const outcome = async (body: object = hook) => {
    const { status, body: answer } = await send('POST', address, body)
    if (status !== 201) return answer.code
    return (await reached(organization, answer.signingRequestId, 'OriginVerificationFailed')).failure?.code
  }

  // The build calls while it runs: the request waits for its end.
  const { created, finished, status } = world.build
  Object.assign(world.build, { status: 'running', finished: null, created: new Date().toISOString() })
  const submitted = await send('POST', address, hook)
  expect([submitted.status, submitted.headers.get('location')]).toEqual([201, submitted.body.signingRequestUrl])
  const id = submitted.body.signingRequestId as SigningRequestId
  await until('the request waits for the build', async () => {
    const { waitingFor } = await organization.request(id)
    return waitingFor?.failure.code === 'ORIGIN_BUILD_UNFINISHED' || undefined
  })
  Object.assign(world.build, { created, finished, status })
  await served.workflows.resume(id)

  const request = await reached(organization, id, 'Completed')
  const types = (await typesOf(organization, id)).filter((type) => type !== 'SigningRequestDelayed')
  expect(types).toEqual([
    ...['SigningRequestSubmitted', 'ArtifactRetrieved', 'OriginVerified', 'BuildDataAdded', 'SigningPlanned'],
    ...['SigningStarted', 'FilesSigned', 'ProvenanceSigned', 'SigningRequestCompleted'],
  ])
  const sha256 = createHash('sha256').update(zip).digest('hex')
  expect(request.addedBuildData?.builtArtifact).toMatchObject({ fileName: 'Library 1.0.3.nupkg', sha256 })

  // What it says of its build, and every other entry byte for byte.
  await served.caughtUp()
  const { body: shown } = await send('GET', `/SigningRequests/${id}`)
  const unsigned = await bytes(shown.unsignedArtifactLink)
  const read = readByAnother(unsigned)
  const { commitId } = world.build
  expect(read.get('Example.nuspec')).toContain(
    `<repository type="git" url="https://github.com/example/library" commit="${commitId}" />`,
  )
  expect(JSON.parse(read.get('AppVeyorSettings.json') ?? '')).toMatchObject({
    appVeyor: { accountName: 'example', projectSlug: 'library', buildId: '134173' },
    repository: { commitId, branch: 'main' },
  })
  expect(await otherEntries(unsigned)).toEqual(await otherEntries(zip))
  const signed = await bytes(shown.signedArtifactLink)
  expect(await otherEntries(signed)).toEqual([...(await otherEntries(zip)), ['.signature.p7s', expect.any(Buffer)]])
  expect(readByAnother(signed).get('.signature.p7s')).toContain('2.16.840.1.101.3.4.2.1-Hash:')

  // Both digests, wherever it is shown.
  expect(shown).toMatchObject({
    artifact: { sha256: createHash('sha256').update(unsigned).digest('hex') },
    addedBuildData: { builtArtifact: { sha256 }, repository: { commitId } },
    verifiedOrigin: { kind: 'appVeyor', proof: 'api', commitId },
  })
  const envelope = JSON.parse((await bytes(shown.provenanceLink)).toString())
  const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString())
  expect(statement.predicate.runDetails.byproducts).toContainEqual({ name: 'artifact-as-built', digest: { sha256 } })
  const { stdout } = await served.countersign(['request', 'show', id], organization.submitter)
  expect(stdout).toMatch(new RegExp(`as built\\s+Library 1.0.3.nupkg, .*${sha256}`))
  expect(stdout).toMatch(/vouched for by\s+library/)
  // Nothing of what else AppVeyor sent was kept.
  const { events } = await readWholeStream(organization.log, streams.signingRequest(id))
  expect(JSON.stringify([request, events])).not.toMatch(/hunter2|evil/i)

  // What is wrong is not signed.
  expect(await refusal(address.replace('library', 'test'))).toEqual([400, 'TRUSTED_BUILD_SYSTEM_NOT_LINKED'])
  expect(await refusal(`${address}&TrustedBuildSystemSlug=other`)).toEqual([400, 'TRUSTED_BUILD_SYSTEM_NOT_LINKED'])
  await linkedProject(organization, 'unverified', appVeyor, { isVerified: false })
  const unverified = address.replace('library', 'unverified')
  expect(await refusal(unverified)).toEqual([400, 'TRUSTED_BUILD_SYSTEM_REQUIRED'])
  expect(await refusal(address, { ...hook, buildVersion: '../x' })).toEqual([400, 'ORIGIN_BUILD_INVALID'])
  expect(await outcome({ ...hook, buildId: 999 })).toBe('ORIGIN_BUILD_DIFFERENT')
  appVeyorFaults['a private project'](world)
  expect(await outcome()).toBe('ORIGIN_PROJECT_PRIVATE')
  await linkBuildSystem(organization, 'another', request.projectId, appVeyor)
  expect(await refusal()).toEqual([400, 'TRUSTED_BUILD_SYSTEM_AMBIGUOUS'])
}, 120_000)

/** The bytes of all entries but those that say what built the package. */
async function otherEntries(zip: Buffer): Promise<readonly (readonly [string, Buffer])[]> {
  const read = async (start: number, length: number) => zip.subarray(start, start + length)
  const entries = await readPackage({ size: zip.length, read }, 'x')
  const ours = new Set(['Example.nuspec', 'AppVeyorSettings.json'])
  return entries.filter(({ name }) => !ours.has(name)).map(({ name, start, end }) => [name, zip.subarray(start, end)])
}
