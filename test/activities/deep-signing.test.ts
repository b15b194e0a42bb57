import { execFileSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { handleCommand } from '../../application/handle-command.ts'
import { allEntries, openManifest, openPlan } from '../../artifacts/index.ts'
import {
  type ArtifactConfigurationId,
  artifactConfigurationDecider,
  type ConfigurationOfRequest,
  retrieved,
  type SigningRequest,
  streams,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { toPem } from '../../signing/x509/index.ts'
import { configurationText } from '../support/deep-signing.ts'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { otherDigest, type TestOrganization, testOrganization } from '../support/test-organization.ts'
import { buildZip } from '../support/zip-builder.ts'

silenceWorkers()

const inner = buildZip([
  { name: 'lib/deep.dll', content: smallPeFile(randomBytes(900)), descriptor: 'plain' },
  { name: 'lib/notes.txt', content: 'notes', isStored: true },
])
const release = buildZip([
  { name: 'README', content: 'Read me.' },
  { name: 'app.exe', content: smallPeFile(randomBytes(700)) },
  { name: 'inner.zip', content: inner, isStored: true },
])
const text = configurationText(`<parameters><parameter name="product"/></parameters>
<zip-file>
  <pe-file path="app.exe"><authenticode-sign description="\${product}"/></pe-file>
  <zip-file path="inner.zip"><pe-file path="lib/*.dll"><authenticode-sign hash-algorithm="sha384"/></pe-file></zip-file>
</zip-file>`)

async function stored({ store }: TestOrganization, bytes: string) {
  const { sha256: documentDigest, size } = await store.put(
    (async function* () {
      yield Buffer.from(bytes)
    })(),
  )
  return { documentDigest, size }
}

/** An organization with an artifact configuration, and a request that is planned by it. */
async function scene() {
  const organization = await testOrganization()
  const { signer, setup, projectId } = organization
  const artifactConfigurationId = randomUUID() as ArtifactConfigurationId
  const stream = streams.artifactConfiguration(artifactConfigurationId)
  const document = await stored(organization, text)
  await handleCommand(signer, setup, stream, artifactConfigurationDecider, {
    type: 'CreateArtifactConfiguration',
    ...{ artifactConfigurationId, organizationId: setup.organizationId, projectId },
    ...{ slug: 'release', name: 'Release', description: null, ...document },
  })
  const artifactConfiguration: ConfigurationOfRequest = {
    ...{ artifactConfigurationId, version: 1 },
    ...{ documentDigest: document.documentDigest, parameters: { product: 'Demo' } },
  }
  const submission = { fileName: 'release.zip', changes: { artifactConfiguration } }
  const request = await organization.planned(release, 'replace', submission)
  return { organization, request, stream }
}

async function approveAndSign(organization: TestOrganization, { signingRequestId, plan }: SigningRequest) {
  const planDigest = plan?.digest ?? otherDigest
  const isWaiting = (await organization.request(signingRequestId)).workflowStatus === 'WaitingForApproval'
  for (const approver of isWaiting ? organization.approvers.slice(0, 2) : [])
    await organization.tell(
      signingRequestId,
      { type: 'Approve', groups: [], approver, planDigest, comment: null },
      approver,
    )
  const { sign } = signerActivities({ ...organization.signer, recordRefusal: async () => undefined })
  const failure = await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }).then(
    () => undefined,
    (error: { type?: string; message: string }) => error.type ?? error.message,
  )
  return { failure, request: await organization.request(signingRequestId) }
}

async function unzipped(organization: TestOrganization, path: string) {
  const place = join(organization.folder, `unzipped-${randomUUID()}`)
  mkdirSync(place)
  execFileSync('unzip', ['-q', path, '-d', place])
  return place
}

describe('a request that is planned by an artifact configuration', () => {
  test('is approved by the digest of its tree, signed inside out, and accepted by osslsigncode; the rest is the same', async () => {
    const { organization, request, stream } = await scene()
    const { store, signer, setup } = organization
    expect(request.plan).toMatchObject({ plannerVersion: 2, nodeCount: 6, fileCount: 2 })
    const plan = await openPlan(store, {
      digest: request.plan?.digest as never,
      document: request.plan?.document as never,
    })
    expect(plan.head).toMatchObject({
      schemaVersion: 2,
      artifactConfiguration: { version: 1, parameters: { product: 'Demo' } },
    })

    // What the configuration becomes meanwhile does not matter: the request has its version.
    const changed = await stored(organization, text.replace('lib/*.dll', 'lib/*.exe'))
    await handleCommand(signer, setup, stream, artifactConfigurationDecider, {
      type: 'ChangeArtifactConfiguration',
      ...{ ...changed, reason: null },
    })
    const { failure, request: completed } = await approveAndSign(organization, request)
    expect(failure).toBeUndefined()
    expect(completed).toMatchObject({ workflowStatus: 'Completed', signedArtifact: { fileName: 'release.zip' } })

    const { path } = await store.open(completed.signedArtifact?.sha256 ?? otherDigest)
    const place = await unzipped(organization, path)
    const within = await unzipped(organization, join(place, 'inner.zip'))
    const { events } = await readWholeStream(organization.log, streams.certificate(request.certificateId))
    const chain = events.find(({ type }) => type === 'CertificateIssued')?.data.chain as string[]
    const root = join(organization.folder, 'certificate.pem')
    writeFileSync(root, toPem(Buffer.from(chain[0] ?? '', 'base64')))
    for (const file of [join(place, 'app.exe'), join(within, 'lib/deep.dll')])
      expect(await osslsigncodeVerify(file, root, organization.timeStampRoot)).toMatchObject({
        ok: true,
        signatures: 1,
      })
    expect(readFileSync(join(place, 'README'), 'utf8')).toBe('Read me.')
    expect(readFileSync(join(within, 'lib/notes.txt'), 'utf8')).toBe('notes')

    const { digest, document } = completed.manifest ?? { digest: otherDigest, document: otherDigest }
    const manifest = await openManifest(store, { digest, document })
    const files = []
    for await (const file of allEntries(manifest)) files.push(file)
    expect(files.map((file) => [file.node, file.path.join('|'), file.signatures.length])).toEqual([
      [0, 'release.zip', 0],
      [2, 'release.zip|app.exe', 1],
      [3, 'release.zip|inner.zip', 0],
      [4, 'release.zip|inner.zip|lib/deep.dll', 1],
    ])
    expect(files[0]).toMatchObject({ signedSha256: completed.signedArtifact?.sha256 })
    expect(completed.manifest).toMatchObject({ fileCount: 2, files })
  })

  test('is not signed when its artifact, or the text of its configuration, is another one in the store since', async () => {
    const { organization, request } = await scene()
    for (const [digest, code] of [
      [retrieved(request).artifact.sha256, 'ARTIFACT_CORRUPT'],
      [request.artifactConfiguration?.documentDigest ?? otherDigest, 'CONFIGURATION_CORRUPT'],
    ] as const) {
      const { path } = await organization.store.open(digest)
      const bytes = readFileSync(path)
      chmodSync(path, 0o600)
      const other = Buffer.from(bytes)
      other[200] = (other[200] ?? 0) ^ 1
      writeFileSync(path, other)
      const { failure, request: waiting } = await approveAndSign(organization, request)
      expect([failure, waiting.attempts]).toEqual([code, 0])
      writeFileSync(path, bytes)
    }
  })
})
