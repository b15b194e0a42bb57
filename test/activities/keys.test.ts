import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test, vi } from 'vitest'
import { generateKey } from '../../activities/generate-key.ts'
import { type SignerDependencies, signerActivities } from '../../activities/index.ts'
import { issueCertificate } from '../../activities/issue-certificate.ts'
import { readCertificateAndKey } from '../../activities/signing-key.ts'
import { createSelfSignedCertificate, disableKey } from '../../application/create-certificate.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  type CertificateId,
  chainOfCertificate,
  fold,
  type KeyAlgorithm,
  type KeyId,
  type KeyState,
  keyDecider,
  parseKeyStoreName,
  type SigningRequestId,
  streams,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { verifyPeFile } from '../../signing/authenticode/index.ts'
import { readCertificate } from '../../signing/x509/index.ts'
import { appendRaw } from '../support/append-raw.ts'
import { newCertificate, useCertificate } from '../support/certificates.ts'
import { withMoments } from '../support/moments.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

const second = parseKeyStoreName('second')
const twoKeyStores = { approval: null, furtherKeyStores: [second] } as const

/** Asks for a key, and does not have it made. */
async function askForKey(
  { signer, setup }: TestOrganization,
  keyStore: string,
  algorithm: KeyAlgorithm = 'ec-p256',
): Promise<KeyId> {
  const keyId = randomUUID() as KeyId
  const request = { keyId, organizationId: setup.organizationId, name: 'Another', keyStore, algorithm } as const
  await handleCommand(signer, setup, streams.key(keyId), keyDecider, { type: 'RequestKeyGeneration', ...request })
  return keyId
}

async function keyOf({ log }: TestOrganization, keyId: KeyId): Promise<KeyState> {
  return fold(keyDecider, (await readWholeStream(log, streams.key(keyId))).events)
}

/** CKA_IDs in a key store. */
async function idsIn({ keyStores }: SignerDependencies, name: string): Promise<readonly string[]> {
  const token = await keyStores.open(parseKeyStoreName(name))
  return (await token.listKeys()).map(({ id }) => Buffer.from(id).toString('hex'))
}

function sign(signer: SignerDependencies, signingRequestId: SigningRequestId) {
  const { sign: activity } = signerActivities({ ...signer, recordRefusal: async () => undefined })
  return new MockActivityEnvironment().run(activity, { signingRequestId, fromRevision: 0 })
}

/** Signs a new request; answers with the public key whose signature the signed file has. */
async function signedBy(organization: TestOrganization): Promise<string> {
  const { signingRequestId, certificateId } = await organization.planned()
  await sign(organization.signer, signingRequestId)
  const { signedArtifact } = await organization.request(signingRequestId)
  if (signedArtifact === null) throw new Error('It was not signed')
  const { certificate } = await readCertificateAndKey(organization.log, certificateId, new Date().toISOString())
  const { path } = await organization.store.open(signedArtifact.sha256)
  const trustedCertificates = chainOfCertificate(certificate.issued).map((each) => Buffer.from(each, 'base64'))
  const [signature] = await verifyPeFile({ path, trustedCertificates })
  return Buffer.from(readCertificate(signature?.signerCertificate ?? Buffer.alloc(0)).publicKey).toString('base64')
}

describe('a key', () => {
  test('is made in the key store that it is asked for in, and nowhere else, under the names in the log', async () => {
    const organization = await testOrganization(twoKeyStores)
    const { signer } = organization
    const before = await idsIn(signer, 'default')
    const keyId = await askForKey(organization, 'second', 'rsa-2048')
    await generateKey(signer, keyId)
    const key = await keyOf(organization, keyId)
    expect(key).toMatchObject({ status: 'active', keyStore: 'second', token: { label: 'second' }, origin: 'generated' })
    expect(await idsIn(signer, 'default')).toEqual(before)
    expect(await idsIn(signer, 'second')).toEqual([keyId.replaceAll('-', '')])
    const [made] = await (await signer.keyStores.open(second)).listKeys()
    expect(made).toMatchObject({ label: `countersign-${keyId}`, algorithm: 'rsa-2048' })
    expect(Buffer.from(made?.publicKey ?? []).toString('base64')).toBe(key.status !== 'none' && key.publicKey)
  })

  test.each(['token.generateKey', 'log.append'])(
    'is made once when the signer ends before %s and begins anew',
    async (end) => {
      const organization = await testOrganization({ approval: null })
      const { signer } = organization
      const before = await idsIn(signer, 'default')
      const keyId = await askForKey(organization, 'default')
      const died = new Error('the process ended here')
      const ending = withMoments(signer, (moment) => {
        if (moment === end) throw died
      })
      await expect(generateKey(ending, keyId)).rejects.toBe(died)
      expect(await keyOf(organization, keyId)).toMatchObject({ status: 'requested', publicKey: null })
      const left = await idsIn(signer, 'default')
      expect(left.length).toBe(before.length + (end === 'log.append' ? 1 : 0))

      await generateKey(signer, keyId)
      const { position } = await generateKey(signer, keyId)
      expect(position).toBeDefined()
      expect((await idsIn(signer, 'default')).length).toBe(before.length + 1)
      const { events } = await readWholeStream(organization.log, streams.key(keyId))
      expect(events.map(({ type }) => type)).toEqual(['KeyGenerationRequested', 'KeyGenerated'])
    },
  )

  test('is not made once it is disabled, and one that was being made then signs nothing', async () => {
    const organization = await testOrganization({ approval: null })
    const { signer, setup } = organization
    const keyId = await askForKey(organization, 'default')
    const disabling = withMoments(signer, async (moment) => {
      if (moment === 'log.append') await disableKey(signer, setup, { keyId, reason: null })
    })
    await expect(generateKey(disabling, keyId)).rejects.toMatchObject({ code: 'EVENT_LOG_WRONG_EXPECTED_REVISION' })
    await expect(generateKey(signer, keyId)).rejects.toMatchObject({ code: 'KEY_DISABLED' })
    await expect(newCertificate(organization, { keyId })).rejects.toMatchObject({ code: 'KEY_DISABLED' })
    expect(await keyOf(organization, keyId)).toMatchObject({ status: 'disabled', publicKey: null })
  })

  test('in a key store that the signer does not have waits for one that has it, and is made there', async () => {
    const organization = await testOrganization(twoKeyStores)
    const { signer } = organization
    const keyId = await askForKey(organization, 'third')
    const { generateKey: activity } = signerActivities({ ...signer, recordRefusal: async () => undefined })
    const failure = await new MockActivityEnvironment().run(activity, { keyId }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ type: 'KEY_STORE_NOT_CONFIGURED', nonRetryable: false })
    expect((failure as Error).message).toContain('third')
    expect((failure as Error).message).toContain('default, second')

    const token = await signer.keyStores.open(second)
    await generateKey({ ...signer, keyStores: { open: async () => token } }, keyId)
    expect(await keyOf(organization, keyId)).toMatchObject({ status: 'active', keyStore: 'third' })
  })
})

describe('a certificate', () => {
  test('waits for its key, and is issued once that is made', async () => {
    const organization = await testOrganization({ approval: null })
    const { signer, setup } = organization
    const interrupted = {
      generateKey: () => Promise.reject(new Error('no signer answers')),
      issueCertificate: () => Promise.reject(new Error('no signer answers')),
      enrolCertificate: async () => undefined,
    }
    const asked = vi.fn((_: KeyId) => interrupted.generateKey())
    await expect(
      createSelfSignedCertificate({ ...signer, workflows: { ...interrupted, generateKey: asked } }, setup, {
        name: 'late',
        subject: { commonName: 'Late' },
        key: { algorithm: 'ec-p256' },
        notBefore: '2026-01-01T00:00:00.000Z',
        notAfter: '2090-01-01T00:00:00.000Z',
      }),
    ).rejects.toThrow('no signer answers')
    const keyId = asked.mock.calls[0]?.[0] as KeyId
    const certificateId = await certificateForKey(organization, keyId)
    await expect(issueCertificate(signer, certificateId)).rejects.toMatchObject({ code: 'KEY_NOT_READY' })
    await generateKey(signer, keyId)
    await issueCertificate(signer, certificateId)
    expect(await readCertificateAndKey(organization.log, certificateId, new Date().toISOString())).toMatchObject({
      certificate: { status: 'active' },
      key: { keyId },
    })
  })

  test('of each of two key stores signs with the key there', async () => {
    const organization = await testOrganization(twoKeyStores)
    const first = await signedBy(organization)
    const { certificateId, keyId } = await newCertificate(organization, { algorithm: 'ec-p256', keyStore: 'second' })
    await useCertificate(organization, certificateId)
    const key = await keyOf(organization, keyId)
    expect(await signedBy(organization)).toBe(key.status !== 'none' && key.publicKey)
    expect(first).not.toBe(key.status !== 'none' && key.publicKey)
  })

  test('is renewed with the same key or with another, and what signs is what its key says', async () => {
    const organization = await testOrganization({ approval: null })
    const { certificateId: renews, signer, setup } = organization
    const first = await signedBy(organization)
    const { key } = await readCertificateAndKey(organization.log, renews, new Date().toISOString())

    const sameKey = await newCertificate(organization, { keyId: key.keyId }, renews)
    await useCertificate(organization, sameKey.certificateId)
    expect(sameKey.keyId).toBe(key.keyId)
    expect(await signedBy(organization)).toBe(first)

    const otherKey = await newCertificate(organization, { algorithm: 'ec-p256' }, sameKey.certificateId)
    await useCertificate(organization, otherKey.certificateId)
    const other = await signedBy(organization)
    expect(other).not.toBe(first)

    // The key takes all of its certificates with it, and no other.
    await useCertificate(organization, sameKey.certificateId)
    const { signingRequestId } = await organization.planned()
    await disableKey(signer, setup, { keyId: key.keyId, reason: 'lost' })
    await expect(sign(signer, signingRequestId)).rejects.toMatchObject({ type: 'KEY_DISABLED', nonRetryable: true })
    await expect(organization.planned()).rejects.toMatchObject({ code: 'KEY_DISABLED' })
    await useCertificate(organization, otherKey.certificateId)
    expect(await signedBy(organization)).toBe(other)
  })
})

describe('a key is not used', () => {
  test('when another one is in its place in the key store', async () => {
    const organization = await testOrganization(twoKeyStores)
    const { signer, certificateId } = organization
    const { key } = await readCertificateAndKey(organization.log, certificateId, new Date().toISOString())
    const token = await signer.keyStores.open(second)
    await token.generateKey({ id: Buffer.from(key.ckaId, 'hex'), label: key.label, algorithm: 'ec-p256' })
    const { signingRequestId } = await organization.planned()
    const repointed = withMoments({ ...signer, keyStores: { open: async () => token } }, () => undefined)
    await expect(sign(repointed, signingRequestId)).rejects.toMatchObject({ type: 'KEY_MISMATCH', nonRetryable: false })
    expect(repointed.signed).toEqual([])
    await sign(signer, signingRequestId)
    expect(await organization.request(signingRequestId)).toMatchObject({ workflowStatus: 'Completed' })
  })

  test('for a certificate that was issued for another key, whatever the certificate says', async () => {
    const organization = await testOrganization({ approval: null })
    const { log, setup, signer, certificateId } = organization
    const { organizationId } = setup
    const { certificate } = await readCertificateAndKey(log, certificateId, new Date().toISOString())
    const keyId = await askForKey(organization, 'default')
    await generateKey(signer, keyId)
    // Asked for with one key, and said to be issued with the chain of another.
    const forged = randomUUID() as CertificateId
    const { requested, issued } = certificate
    const request = { ...requested, certificateId: forged, organizationId, keyId, renews: null }
    const events = [
      { type: 'CertificateRequested', data: { schemaVersion: 1, ...request } },
      { type: 'CertificateIssued', data: { schemaVersion: 1, ...issued } },
    ]
    await appendRaw(log, streams.certificate(forged), events, 'noStream', organizationId)
    await useCertificate(organization, forged)
    await expect(organization.planned()).rejects.toMatchObject({ code: 'KEY_MISMATCH' })
  })
})

/** The certificate that was asked for with a key. */
async function certificateForKey({ log }: TestOrganization, keyId: KeyId): Promise<CertificateId> {
  for await (const events of log.readAll())
    for (const { type, data } of events)
      if (type === 'CertificateRequested' && data.keyId === keyId) return data.certificateId as CertificateId
  throw new Error('No certificate was asked for with the key')
}
