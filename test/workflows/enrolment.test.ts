import { expect, test } from 'vitest'
import { renewCertificate } from '../../application/certificates.ts'
import { requestCertificate } from '../../application/create-certificate.ts'
import {
  type Certificate,
  type CertificateId,
  certificateDecider,
  chainOfCertificate,
  fold,
  streams,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { createEstClient } from '../../signing/est/index.ts'
import { CertificateAuthority } from '../support/certificate-authority.ts'
import { startEstServer } from '../support/est-server.ts'
import { useTimeSkipping } from '../support/temporal.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers } from '../support/workers.ts'

const environment = useTimeSkipping()

async function certificateOf({ log }: TestOrganization, certificateId: CertificateId): Promise<Certificate> {
  return fold(
    certificateDecider,
    (await readWholeStream(log, streams.certificate(certificateId))).events,
  ) as Certificate
}

test('a certificate of an EST server waits while somebody there must agree, is installed, and is renewed with the same names', async () => {
  const organization = await testOrganization({ approval: null })
  const { setup, signer, log } = organization
  const root = await CertificateAuthority.root(temporaryFolder(), 'Root', 'ec')
  const server = await startEstServer(await root.below('Issuing', 'ec'))
  const trustedRoots = [await root.certificate()]
  const texts: string[] = []
  const workflows = await startWorkers(environment(), organization, undefined, {
    estServers: new Map([['corporate', { client: createEstClient(server.settings), trustedRoots }]]),
    onPayload: (text) => texts.push(text),
  })
  const dependencies = { ...signer, log, workflows }

  let agreed = false
  server.behaviour = {
    answer: (operation, response) => {
      if (agreed || operation !== 'simpleenroll') return false
      response.writeHead(202, { 'retry-after': '1' }).end()
      return true
    },
  }
  const { certificateId } = await requestCertificate(dependencies, setup, {
    name: 'Release',
    subject: { commonName: 'Acme', country: 'DE' },
    key: { algorithm: 'ec-p256' },
    alternativeNames: [{ kind: 'email', value: 'release@example.org' }],
    enrolment: { by: 'est', server: 'corporate', renewBeforeDays: 10 },
  })
  await until('the certificate waits', async () => {
    const { enrolmentFailure } = await certificateOf(organization, certificateId)
    return enrolmentFailure?.code === 'EST_PENDING' ? true : undefined
  })
  agreed = true
  const first = await until('the certificate is installed', async () => {
    // What it pauses for passes at once.
    await environment().sleep('1 second')
    const { issued } = await certificateOf(organization, certificateId)
    return issued ?? undefined
  })
  expect(chainOfCertificate(first)).toHaveLength(3)

  await renewCertificate(dependencies, setup, { certificateId })
  const second = await until('the next one is installed', async () => {
    const { issued } = await certificateOf(organization, certificateId)
    return issued?.thumbprint === first.thumbprint ? undefined : (issued ?? undefined)
  })
  expect(second).toMatchObject({ identity: first.format === 'x509' && first.identity })
  expect(server.operations.filter((each) => each.startsWith('simple')).at(-1)).toBe('simplereenroll')
  const { events } = await readWholeStream(log, streams.certificate(certificateId))
  expect(events.map(({ type }) => type)).toEqual([
    'CertificateRequested',
    'CertificateSigningRequestCreated',
    'CertificateEnrolmentFailed',
    'CertificateInstalled',
    'CertificateRenewalRequested',
    'CertificateSigningRequestCreated',
    'CertificateInstalled',
  ])
  expect(texts.join('\n')).not.toContain('secret word')
}, 120_000)

test('an unknown server, and a root that is not trusted, are told of and change nothing', async () => {
  const organization = await testOrganization({ approval: null })
  const { setup, signer, log } = organization
  const root = await CertificateAuthority.root(temporaryFolder(), 'Root', 'ec')
  const other = await CertificateAuthority.root(temporaryFolder(), 'Other', 'ec')
  const server = await startEstServer(await root.below('Issuing', 'ec'))
  const trustedRoots = [await other.certificate()]
  const workflows = await startWorkers(environment(), organization, undefined, {
    estServers: new Map([['corporate', { client: createEstClient(server.settings), trustedRoots }]]),
  })
  for (const [name, code] of [
    ['corporate', 'CHAIN_ROOT_UNTRUSTED'],
    ['elsewhere', 'EST_SERVER_NOT_CONFIGURED'],
  ] as const) {
    const { certificateId } = await requestCertificate({ ...signer, log, workflows }, setup, {
      name: 'Release',
      subject: { commonName: 'Acme' },
      key: { algorithm: 'ec-p256' },
      enrolment: { by: 'est', server: name, renewBeforeDays: 10 },
    })
    const failed = await until('the failure is told of', async () => {
      const certificate = await certificateOf(organization, certificateId)
      return certificate.enrolmentFailure === null ? undefined : certificate
    })
    expect(failed).toMatchObject({ status: 'awaitingIssuance', issued: null, enrolmentFailure: { code } })
  }
}, 120_000)
