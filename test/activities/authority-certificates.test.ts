import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import {
  installCertificate,
  renewCertificate,
  restrictCertificate,
  switchCertificate,
} from '../../application/certificates.ts'
import { type AuthorityCertificateInput, requestCertificate } from '../../application/create-certificate.ts'
import {
  type Certificate,
  type CertificateId,
  certificateDecider,
  chainOfCertificate,
  fold,
  type SigningRequestId,
  streams,
  unrestricted,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { verifyPeFile } from '../../signing/authenticode/index.ts'
import { toPem } from '../../signing/x509/index.ts'
import { CertificateAuthority } from '../support/certificate-authority.ts'
import { newCertificate, useCertificate } from '../support/certificates.ts'
import { certificatesInLog } from '../support/certificates-in-log.ts'
import { openssl } from '../support/openssl.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { keyWorkflows, type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

/** An organization, an authority of two levels, and what administrators can do. */
async function withAuthority(key: 'rsa' | 'ec' = 'ec') {
  const organization = await testOrganization({ approval: null })
  const { signer, setup, log } = organization
  const root = await CertificateAuthority.root(temporaryFolder(), 'Root', key)
  const issuing = await root.below('Issuing', key)
  const dependencies = { ...signer, log, workflows: keyWorkflows(signer), certificates: certificatesInLog(log) }
  const certificate = (certificateId: CertificateId) => certificateOf(organization, certificateId)
  return {
    organization,
    root,
    issuing,
    dependencies,
    certificate,
    ask: (input: Partial<AuthorityCertificateInput> = {}) =>
      requestCertificate(dependencies, setup, {
        name: 'Release',
        subject: { commonName: 'Acme', organization: 'Acme Ltd', country: 'DE' },
        key: { algorithm: 'ec-p256' },
        alternativeNames: [{ kind: 'email', value: 'release@example.org' }],
        ...input,
      }),
    install: (certificateId: CertificateId, file: Uint8Array | string) =>
      installCertificate(dependencies, setup, { certificateId, file: Buffer.from(file as Uint8Array) }),
    renew: (certificateId: CertificateId) => renewCertificate(dependencies, setup, { certificateId }),
    /** What the authority would be sent. */
    request: async (certificateId: CertificateId) =>
      Buffer.from((await certificate(certificateId)).signingRequest ?? '', 'base64'),
    pem: (leaf: Uint8Array, chain: readonly Uint8Array[]) => [leaf, ...chain].map((der) => toPem(der)).join(''),
  }
}

async function certificateOf({ log }: TestOrganization, certificateId: CertificateId): Promise<Certificate> {
  const state = fold(certificateDecider, (await readWholeStream(log, streams.certificate(certificateId))).events)
  if (state.status === 'none') throw new Error('There is no such certificate')
  return state
}

/** Signs a request; answers with the serial number of the certificate that the signature has. */
async function signedWith(organization: TestOrganization, signingRequestId: SigningRequestId, root: Uint8Array) {
  const { sign } = signerActivities({ ...organization.signer, recordRefusal: async () => undefined })
  await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 })
  const { signedArtifact } = await organization.request(signingRequestId)
  if (signedArtifact === null) throw new Error('It was not signed')
  const { path } = await organization.store.open(signedArtifact.sha256)
  const [signature] = await verifyPeFile({ path, trustedCertificates: [root] })
  return new X509Certificate(signature?.signerCertificate ?? Buffer.alloc(0)).serialNumber.toLowerCase()
}

const serialNumberOf = (der: Uint8Array) => new X509Certificate(der).serialNumber.toLowerCase()

describe.each([
  ['rsa', 'rsa-3072'],
  ['ec', 'ec-p384'],
] as const)('a certificate of an authority with %s keys for a key of type %s in the token', (kind, algorithm) => {
  test('is asked for with a request that openssl verifies, is installed, and signs', async () => {
    const { organization, root, issuing, ask, request, install, certificate, pem } = await withAuthority(kind)
    const { certificateId } = await ask({ key: { algorithm } })
    expect(await certificate(certificateId)).toMatchObject({ status: 'awaitingIssuance', issued: null })
    const csr = join(temporaryFolder(), 'csr')
    await writeFile(csr, await request(certificateId))
    expect(await openssl('req', '-inform', 'DER', '-in', csr, '-verify', '-noout', '-text')).toMatch(
      /Digital Signature.*Code Signing.*email:release@example.org/s,
    )

    const leaf = await issuing.issue(await request(certificateId))
    // Root first: order does not matter.
    await install(certificateId, pem(await root.certificate(), [...(await issuing.chain()), leaf]))
    const { status, issued } = await certificate(certificateId)
    expect(status).toBe('active')
    expect(chainOfCertificate(issued)).toEqual(
      [leaf, ...(await issuing.chain())].map((der) => Buffer.from(der).toString('base64')),
    )
    await useCertificate(organization, certificateId)
    const { signingRequestId } = await organization.planned()
    expect(await signedWith(organization, signingRequestId, await root.certificate())).toBe(serialNumberOf(leaf))
  })
})

test('what is not for the key, or was not asked for, changes nothing', async () => {
  const { organization, issuing, ask, request, install, certificate, pem } = await withAuthority()
  const [first, second] = [await ask(), await ask()]
  const revisionOf = async () =>
    (await readWholeStream(organization.log, streams.certificate(first.certificateId))).revision
  const before = await revisionOf()
  const chain = await issuing.chain()
  const ofSecond = pem(await issuing.issue(await request(second.certificateId)), chain)
  await expect(install(first.certificateId, ofSecond)).rejects.toMatchObject({ code: 'ISSUED_KEY_MISMATCH' })
  await expect(install(first.certificateId, 'rubbish')).rejects.toMatchObject({ code: 'X509_MALFORMED' })
  expect(await revisionOf()).toBe(before)
  expect((await certificate(first.certificateId)).status).toBe('awaitingIssuance')

  await install(second.certificateId, ofSecond)
  await expect(install(second.certificateId, ofSecond)).rejects.toMatchObject({ code: 'CERTIFICATE_STATE' })
  await expect(install(organization.certificateId, ofSecond)).rejects.toMatchObject({ code: 'CERTIFICATE_STATE' })
})

describe('a certificate that is renewed', () => {
  test('asks for the same names to the byte, signs on meanwhile, and gives what was planned before its old certificate', async () => {
    const { organization, root, issuing, ask, request, install, renew, pem } = await withAuthority()
    const { certificateId } = await ask()
    const chain = await issuing.chain()
    const first = await issuing.issue(await request(certificateId))
    await install(certificateId, pem(first, chain))
    await useCertificate(organization, certificateId)
    const planned = await organization.planned()

    await renew(certificateId)
    const second = await issuing.issue(await request(certificateId))
    const nameOf = (der: Uint8Array) => new X509Certificate(der)
    expect(nameOf(second).subject).toBe(nameOf(first).subject)
    expect(nameOf(second).subjectAltName).toBe(nameOf(first).subjectAltName)
    await expect(renew(certificateId)).rejects.toMatchObject({ code: 'CERTIFICATE_RENEWAL_REQUESTED' })
    // Alone: its chain is known from the certificate before.
    await install(certificateId, second)

    const trusted = await root.certificate()
    expect(await signedWith(organization, planned.signingRequestId, trusted)).toBe(serialNumberOf(first))
    const { signingRequestId } = await organization.planned()
    expect(await signedWith(organization, signingRequestId, trusted)).toBe(serialNumberOf(second))
  })

  test('is not replaced by what another authority issued', async () => {
    const { issuing, ask, request, install, renew, certificate, pem } = await withAuthority()
    const { certificateId } = await ask()
    await install(certificateId, pem(await issuing.issue(await request(certificateId)), await issuing.chain()))
    const before = await certificate(certificateId)
    await renew(certificateId)
    const other = await CertificateAuthority.root(temporaryFolder(), 'Other', 'ec')
    const file = pem(await other.issue(await request(certificateId)), await other.chain())
    await expect(install(certificateId, file)).rejects.toMatchObject({
      code: 'CERTIFICATE_CONTINUITY',
      details: { differing: ['issuer', 'issuingAuthority'] },
    })
    expect((await certificate(certificateId)).issued).toEqual(before.issued)
  })

  test('is made anew by the signer when it is self-signed, for as long as the first', async () => {
    const organization = await testOrganization({ approval: null })
    const { signer, setup, log } = organization
    const { certificateId } = await newCertificate(organization)
    const before = (await certificateOf(organization, certificateId)).issued
    await renewCertificate({ ...signer, log, workflows: keyWorkflows(signer) }, setup, { certificateId })
    const { issued, earlier, renewal } = await certificateOf(organization, certificateId)
    expect(issued).toMatchObject({ identity: before?.format === 'x509' && before.identity })
    expect(issued?.thumbprint).not.toBe(before?.thumbprint)
    const lifetime = (each: typeof issued) => Date.parse(each?.notAfter ?? '') - Date.parse(each?.notBefore ?? '')
    expect(Math.abs(lifetime(issued) - lifetime(before))).toBeLessThanOrEqual(1_000)
    expect(earlier).toEqual([before])
    expect(renewal.requested).toBe(false)
  })
})

describe('restrictions of a certificate', () => {
  test('are refused while a policy that uses it demands less, and then bind it', async () => {
    const { organization, dependencies, certificate } = await withAuthority()
    const { setup, certificateId } = organization
    const restrict = (id: CertificateId, minimumApprovals: number) =>
      restrictCertificate(dependencies, setup, {
        certificateId: id,
        restrictions: { ...unrestricted, minimumApprovals, timestamp: true },
      })
    await expect(restrict(certificateId, 1)).rejects.toMatchObject({ code: 'CERTIFICATE_RESTRICTIONS_UNMET' })
    await restrict(certificateId, 0)
    expect((await certificate(certificateId)).restrictions.timestamp).toBe(true)
    const unused = await newCertificate(organization)
    await restrict(unused.certificateId, 1)
    expect((await certificate(unused.certificateId)).restrictions.minimumApprovals).toBe(1)
  })
})

test('a certificate that is disabled and enabled again signs', async () => {
  const { organization, dependencies, certificate } = await withAuthority()
  const { setup, certificateId } = organization
  const input = { certificateId, reason: null }
  await expect(switchCertificate(dependencies, setup, input, 'EnableCertificate')).rejects.toMatchObject({
    code: 'CERTIFICATE_ENABLED',
  })
  await switchCertificate(dependencies, setup, input, 'DisableCertificate')
  await expect(organization.planned()).rejects.toMatchObject({ code: 'CERTIFICATE_DISABLED' })
  await switchCertificate(dependencies, setup, input, 'EnableCertificate')
  const { signingRequestId } = await organization.planned()
  const { issued } = await certificate(certificateId)
  const der = Buffer.from(chainOfCertificate(issued)[0] ?? '', 'base64')
  expect(await signedWith(organization, signingRequestId, der)).toBe(serialNumberOf(der))
})
