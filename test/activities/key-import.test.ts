import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { renewCertificate, switchCertificate } from '../../application/certificates.ts'
import { disableKey, requestCertificate } from '../../application/create-certificate.ts'
import { completeCertificateImport, importCertificate } from '../../application/import-certificate.ts'
import { sealKey } from '../../cli/seal-key.ts'
import { type CertificateId, certificateDecider, fold, type KeyId, keyDecider, streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { openPfx } from '../../pkcs12/index.ts'
import { verifyPeFile } from '../../signing/authenticode/index.ts'
import { useCertificate } from '../support/certificates.ts'
import { certificatesInLog } from '../support/certificates-in-log.ts'
import { withMoments } from '../support/moments.ts'
import { makeIdentity, openssl, type TestIdentity } from '../support/openssl.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { keyWorkflows, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

const password = 'canary-password-4711'

/** An organization, and a PKCS #12 file with what it needs to be imported. */
async function withPfx(algorithm: 'rsa-3072' | 'ec-p256' = 'ec-p256') {
  const organization = await testOrganization({ approval: null })
  const { signer, setup, log } = organization
  const identity = await makeIdentity(temporaryFolder(), algorithm, { commonName: 'Imported' })
  const dependencies = { ...signer, log, workflows: keyWorkflows(signer), certificates: certificatesInLog(log) }
  const opened = await openPfx(await exported(identity), password)
  const input = { name: 'Imported', publicKey: opened.publicKey, file: Buffer.concat(opened.certificates) }
  return {
    ...{ organization, identity, dependencies, opened, input },
    begin: (deps = dependencies) => importCertificate(deps, setup, input),
    complete: (certificateId: CertificateId, transportKey: string | null, deps = dependencies) =>
      completeCertificateImport(deps, setup, {
        certificateId,
        sealed: sealKey(opened.privateKey, transportKey ?? ''),
      }),
    key: async (id: KeyId) => fold(keyDecider, (await readWholeStream(log, streams.key(id))).events),
    certificate: async (id: CertificateId) =>
      fold(certificateDecider, (await readWholeStream(log, streams.certificate(id))).events),
    /** CKA_IDs of all private keys in the key store, also of those that sign nothing. */
    has: async (id: Buffer) => (await (await signer.keyStores.open('default' as never)).findKey(id)) !== undefined,
  }
}

async function exported({ keyFile, chainFile }: TestIdentity): Promise<Buffer> {
  const file = join(temporaryFolder(), 'exported.pfx')
  await openssl('pkcs12', '-export', '-inkey', keyFile, '-in', chainFile, '-out', file, '-passout', `pass:${password}`)
  return readFileSync(file)
}

const idOf = (keyId: KeyId) => Buffer.from(keyId.replaceAll('-', ''), 'hex')
const transportIdOf = (keyId: KeyId) => Buffer.concat([idOf(keyId), Buffer.of(0x54)])

describe('a certificate that is imported with its key', () => {
  test.each(['rsa-3072', 'ec-p256'] as const)(
    'signs once its key was brought in, and is marked for ever (%s)',
    async (algorithm) => {
      const { organization, identity, begin, complete, key, certificate, has } = await withPfx(algorithm)
      const { signer, log } = organization
      const { certificateId, keyId, transportKey } = await begin()
      expect(await certificate(certificateId)).toMatchObject({ status: 'requested', kind: 'imported' })
      await complete(certificateId, transportKey)
      expect(await key(keyId)).toMatchObject({
        ...{ status: 'active', origin: 'imported', potentiallyExposed: true, algorithm, transportKey: null },
      })
      expect(await certificate(certificateId)).toMatchObject({
        status: 'active',
        issued: { subject: expect.stringContaining('CN=Imported') },
      })
      expect(await has(transportIdOf(keyId))).toBe(false)

      await useCertificate(organization, certificateId)
      const { signingRequestId } = await organization.planned()
      const { sign } = signerActivities({ ...signer, recordRefusal: async () => undefined })
      await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 })
      const { signedArtifact } = await organization.request(signingRequestId)
      const { path } = await organization.store.open(signedArtifact?.sha256 as never)
      const [signature] = await verifyPeFile({ path, trustedCertificates: [identity.root] })
      expect(Buffer.from(signature?.signerCertificate ?? [])).toEqual(Buffer.from(identity.chain[0] ?? []))

      const events: string[] = []
      for await (const batch of log.readAll()) events.push(JSON.stringify(batch))
      const secret = identity.privateKey.export({ format: 'jwk' }).d ?? ''
      for (const canary of [password, secret, Buffer.from(secret, 'base64url').toString('hex')])
        expect(events.join('')).not.toContain(canary)
    },
  )

  test('goes on where it was when it is imported again, and says what is there when it was complete', async () => {
    const { organization, begin, complete, key } = await withPfx()
    const first = await begin()
    expect(await begin()).toMatchObject({ ...first, position: expect.anything() })
    await complete(first.certificateId, first.transportKey)
    const { events } = await readWholeStream(organization.log, streams.key(first.keyId))
    expect(await begin()).toMatchObject({ certificateId: first.certificateId, keyId: first.keyId, transportKey: null })
    expect((await readWholeStream(organization.log, streams.key(first.keyId))).events).toEqual(events)
    expect(await key(first.keyId)).toMatchObject({ status: 'active' })
  })

  test.each([
    ['token.generateKey', 'prepare'],
    ['log.append', 'prepare'],
    ['token.importKey', 'import'],
    ['token.destroyKey', 'import'],
    ['log.append', 'import'],
  ] as const)('is complete when the signer ends before %s (%s) and it is imported again', async (end, step) => {
    const { organization, dependencies, begin, complete, key, certificate, has } = await withPfx()
    const died = new Error('the process ended here')
    const ending = withMoments(organization.signer, (moment) => {
      if (moment === end) throw died
    })
    const dying = { ...dependencies, workflows: keyWorkflows(ending) }
    if (step === 'prepare') await expect(begin(dying)).rejects.toBe(died)
    else {
      const { certificateId, keyId, transportKey } = await begin()
      await expect(complete(certificateId, transportKey, dying)).rejects.toBe(died)
      expect(await key(keyId)).toMatchObject({ status: 'requested' })
      // What is in the key store leads back to the key, whatever the moment.
      expect(await has(idOf(keyId))).toBe(end !== 'token.importKey')
    }
    const { certificateId, keyId, transportKey } = await begin()
    await complete(certificateId, transportKey)
    expect(await key(keyId)).toMatchObject({ status: 'active' })
    expect(await certificate(certificateId)).toMatchObject({ status: 'active' })
    expect(await has(idOf(keyId))).toBe(true)
    expect(await has(transportIdOf(keyId))).toBe(false)
    const { events } = await readWholeStream(organization.log, streams.key(keyId))
    expect(events.map(({ type }) => type)).toEqual(['KeyImportRequested', 'KeyImportPrepared', 'KeyImported'])
  })

  test('comes into use when the signer ended between its key and the certificate', async () => {
    const { organization, dependencies, begin, complete, certificate } = await withPfx()
    const { certificateId, transportKey } = await begin()
    const died = new Error('the process ended here')
    const workflows = { ...keyWorkflows(organization.signer), issueCertificate: () => Promise.reject(died) }
    await expect(complete(certificateId, transportKey, { ...dependencies, workflows })).rejects.toBe(died)
    expect(await certificate(certificateId)).toMatchObject({ status: 'requested' })
    await keyWorkflows(organization.signer).issueCertificate(certificateId)
    expect(await certificate(certificateId)).toMatchObject({ status: 'active' })
  })

  test('takes no other key than the announced one, and the right one after that', async () => {
    const { organization, dependencies, begin, complete, key } = await withPfx()
    const { certificateId, keyId, transportKey } = await begin()
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const sealed = sealKey(pkcs8(other), transportKey ?? '')
    await expect(
      completeCertificateImport(dependencies, organization.setup, { certificateId, sealed }),
    ).rejects.toMatchObject({ code: 'PKCS11_KEY_NOT_PAIRED' })
    expect(await key(keyId)).toMatchObject({ status: 'requested' })
    await complete(certificateId, transportKey)
    expect(await key(keyId)).toMatchObject({ status: 'active' })
  })

  test('is not brought in once it is disabled, and its key never again', async () => {
    const { organization, dependencies, begin, complete } = await withPfx()
    const { setup } = organization
    const { certificateId, keyId, transportKey } = await begin()
    await disableKey(dependencies, setup, { keyId, reason: null })
    await expect(complete(certificateId, transportKey)).rejects.toMatchObject({ code: 'KEY_DISABLED' })
    await expect(begin()).rejects.toMatchObject({ code: 'KEY_DISABLED' })
  })

  test('is not renewed, since its key may be in other hands', async () => {
    const { organization, dependencies, begin, complete } = await withPfx()
    const { certificateId, transportKey } = await begin()
    await complete(certificateId, transportKey)
    await expect(renewCertificate(dependencies, organization.setup, { certificateId })).rejects.toMatchObject({
      code: 'CERTIFICATE_IMPORTED',
    })
    await switchCertificate(dependencies, organization.setup, { certificateId, reason: null }, 'DisableCertificate')
  })

  test('is refused as those of authorities are, before anything is recorded', async () => {
    const { organization, dependencies, input, identity } = await withPfx()
    const { setup, log } = organization
    const head = await log.head()
    const attempt = (changed: Partial<typeof input>) => importCertificate(dependencies, setup, { ...input, ...changed })
    await expect(attempt({ file: Buffer.from(identity.chain[0] ?? []) })).rejects.toMatchObject({
      code: 'CHAIN_INCOMPLETE',
    })
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    const publicKey = other.export({ type: 'spki', format: 'der' })
    await expect(attempt({ publicKey })).rejects.toMatchObject({ code: 'ISSUED_KEY_MISMATCH' })
    await expect(attempt({ file: Buffer.from('MAA=') })).rejects.toMatchObject({
      code: expect.stringMatching(/X509|CERTIFICATE_FILE/),
    })
    expect(await log.head()).toEqual(head)
  })

  test('completes no certificate whose key is made here', async () => {
    const { organization, dependencies } = await withPfx()
    const { certificateId } = await requestCertificate(dependencies, organization.setup, {
      ...{ name: 'Release', subject: { commonName: 'Acme' }, key: { algorithm: 'ec-p256' } },
    })
    const sealed = { wrappedSecret: 'MAA=', wrappedKey: 'MAA=' }
    const { setup } = organization
    await expect(completeCertificateImport(dependencies, setup, { certificateId, sealed })).rejects.toMatchObject({
      code: 'CERTIFICATE_STATE',
    })
    const tooLarge = { ...sealed, wrappedKey: 'A'.repeat(20_000) }
    const { certificateId: imported } = await importCertificate(dependencies, setup, await withPfxInput())
    await expect(
      completeCertificateImport(dependencies, setup, { certificateId: imported, sealed: tooLarge }),
    ).rejects.toMatchObject({ code: 'SEALED_KEY_TOO_LARGE' })
  })
})

async function withPfxInput() {
  const identity = await makeIdentity(temporaryFolder(), 'ec-p256', { commonName: 'Other' })
  const { publicKey, certificates } = await openPfx(await exported(identity), password)
  return { name: 'Other', publicKey, file: Buffer.concat(certificates) }
}

function pkcs8(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' })
}
