import { MockActivityEnvironment } from '@temporalio/testing'
import { expect, test, vi } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { createSelfSignedCertificate } from '../../application/create-certificate.ts'
import { handleCommand } from '../../application/handle-command.ts'
import { changeStatementKey } from '../../application/statement-key.ts'
import {
  certificateDecider,
  fold,
  keyDecider,
  originOfClaim,
  type RecordOrigin,
  type SigningRequest,
  type SigningRequestId,
  type StoredStatement,
  streams,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import {
  provenanceType,
  readBundle,
  readStatement,
  verifyEnvelope,
  verifyReadEnvelope,
} from '../../statements/index.ts'
import { allowedBranches, claimedBy, demandedOrigin } from '../support/origins.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { keyWorkflows, otherDigest, type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

/** A planned request whose origin was verified, which nobody has to approve. */
async function ofVerifiedOrigin() {
  const organization = await testOrganization({
    ...{ buildSystem: true, allowedBranches, approval: null, timestamp: 'none' },
  })
  const claimedOrigin = claimedBy(organization)
  const origin: RecordOrigin = {
    type: 'RecordOrigin',
    kind: 'custom',
    trustedBuildSystemId: claimedOrigin.trustedBuildSystemId,
    proof: 'claim',
    origin: originOfClaim(claimedOrigin).origin,
    checks: [],
    evidence: [],
    peopleBehind: [],
  }
  const changes = { originVerification: demandedOrigin, claimedOrigin }
  return { organization, request: await organization.planned(undefined, 'replace', { changes, origin }) }
}

/** Calls the sign activity; answers the code with which it failed. */
async function signed({ signer }: TestOrganization, signingRequestId: SigningRequestId): Promise<string | undefined> {
  const { sign } = signerActivities({ ...signer, recordRefusal: async () => undefined })
  const call = new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 })
  return call.then(
    () => undefined,
    (error: { type?: string; message: string }) => error.type ?? error.message,
  )
}

async function typesOf({ log }: TestOrganization, { signingRequestId }: SigningRequest) {
  return (await readWholeStream(log, streams.signingRequest(signingRequestId))).events.map(({ type }) => type)
}

async function documentOf({ store }: TestOrganization, stored: StoredStatement | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of (await store.open(stored?.sha256 ?? otherDigest)).read()) chunks.push(chunk)
  const document = Buffer.concat(chunks)
  expect(document.length).toBe(stored?.size)
  return document
}

test('the key that signed a program of verified origin signs where it comes from, and both verify alone', async () => {
  const { organization, request } = await ofVerifiedOrigin()
  expect(await signed(organization, request.signingRequestId)).toBeUndefined()
  expect((await typesOf(organization, request)).slice(-4)).toEqual([
    'SigningStarted',
    'FilesSigned',
    'ProvenanceSigned',
    'SigningRequestCompleted',
  ])

  const { provenance, signedArtifact, artifact, manifest } = await organization.request(request.signingRequestId)
  const [key] = await organization.token.listKeys()
  const trusted = { keys: [key?.publicKey ?? Buffer.alloc(0)] }
  const { payload } = verifyEnvelope(await documentOf(organization, provenance?.envelope), trusted)
  const bundle = readBundle(await documentOf(organization, provenance?.bundle))
  expect(verifyReadEnvelope(bundle, trusted).payload).toEqual(payload)

  const { subject, predicate } = readStatement(payload, provenanceType)
  expect(subject.map(({ name, digest }) => [name, digest.sha256])).toEqual([
    ['program.exe', signedArtifact?.sha256],
    ['program.exe', artifact?.sha256],
  ])
  const { signingRequestId, origin } = request
  expect(predicate).toMatchObject({
    buildDefinition: {
      externalParameters: { source: { repository: 'git@example.org:test.git', ref: 'refs/heads/release/2.1' } },
      internalParameters: {
        trustedBuildSystem: { id: origin?.trustedBuildSystemId },
        signing: { signingRequestId, attempt: 1, planDigest: request.plan?.digest },
      },
      resolvedDependencies: [
        {
          uri: 'git+ssh://git@example.org/test.git@refs/heads/release/2.1',
          digest: { gitCommit: 'ab'.repeat(20) },
        },
      ],
    },
    runDetails: { byproducts: [{ digest: { sha256: manifest?.document } }] },
  })
})

test('a signer that dies between the signature and its record signs again, as another attempt', async () => {
  const { organization, request } = await ofVerifiedOrigin()
  const append = organization.log.append
  vi.spyOn(organization.signer.log, 'append').mockImplementation(async (stream, events, revision) => {
    if (events.some(({ type }) => type === 'ProvenanceSigned')) throw new Error('the process died here')
    return append.call(organization.log, stream, events, revision)
  })
  expect(await signed(organization, request.signingRequestId)).toBe('the process died here')
  expect(await organization.request(request.signingRequestId)).toMatchObject({ attempts: 1, provenance: null })
  vi.mocked(organization.signer.log.append).mockRestore()

  expect(await signed(organization, request.signingRequestId)).toBeUndefined()
  const types = await typesOf(organization, request)
  expect(types.filter((type) => type === 'SigningStarted')).toHaveLength(2)
  expect(types.filter((type) => type === 'ProvenanceSigned')).toHaveLength(1)
  const { provenance } = await organization.request(request.signingRequestId)
  const envelope = JSON.parse((await documentOf(organization, provenance?.envelope)).toString()) as { payload: string }
  expect(Buffer.from(envelope.payload, 'base64').toString()).toContain('"attempt":2')
})

test('what is withdrawn after the files were signed has no provenance signed, and completes nothing', async () => {
  const { organization, request } = await ofVerifiedOrigin()
  const { signer, setup, certificateId } = organization
  const put = signer.store.put
  // The manifest is the first thing that is put into the store once the files are signed.
  vi.spyOn(signer.store, 'put').mockImplementationOnce(async (bytes) => {
    const command = { type: 'DisableCertificate', reason: null } as const
    await handleCommand(signer, setup, streams.certificate(certificateId), certificateDecider, command)
    return put.call(signer.store, bytes)
  })
  expect(await signed(organization, request.signingRequestId)).toBe('CERTIFICATE_DISABLED')
  expect(signer.store.put).toHaveBeenCalledTimes(1)
  expect((await typesOf(organization, request)).at(-1)).toBe('SigningStarted')
})

test("an organization's own key signs statements where one is named, and the log names it before", async () => {
  const { organization, request } = await ofVerifiedOrigin()
  const { signer, setup } = organization
  const { keyId, certificateId } = await createSelfSignedCertificate(
    { ...signer, workflows: keyWorkflows(signer) },
    setup,
    {
      name: 'statements',
      subject: { commonName: 'Statements' },
      key: { algorithm: 'ec-p384' },
      notBefore: new Date(Date.now() - 60_000).toISOString(),
      notAfter: new Date(Date.now() + 86_400_000).toISOString(),
    },
  )
  expect(certificateId).not.toBe(organization.certificateId)
  await changeStatementKey(signer, setup, { keyId })
  expect(await signed(organization, request.signingRequestId)).toBeUndefined()
  const { provenance } = await organization.request(request.signingRequestId)
  expect(provenance?.keyId).toBe(keyId)
  const { events } = await readWholeStream(organization.log, streams.signingRequest(request.signingRequestId))
  const started = events.find(({ type }) => type === 'SigningStarted')
  expect(started?.data).toMatchObject({ statementKeyId: keyId })
  const key = fold(keyDecider, (await readWholeStream(organization.log, streams.key(keyId))).events)
  const publicKey = Buffer.from((key.status === 'none' ? null : key.publicKey) ?? '', 'base64')
  const envelope = await documentOf(organization, provenance?.envelope)
  expect(verifyEnvelope(envelope, { keys: [publicKey] }).signedBy).toHaveLength(1)
})
