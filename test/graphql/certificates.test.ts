import { describe, expect, it } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import { type CertificateId, certificateDecider, type DomainEvent, streams } from '../../domain/index.ts'
import { appendRaw } from '../support/append-raw.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'
import { issuedFacts } from '../support/issued-facts.ts'

const fields = `certificateId kind status commonName notAfter renewalRequested renewBeforeHours signingRequest
  alternativeNames { kind value } enrolment { by server renewBeforeDays } enrolmentFailure { code }
  restrictions { minimumApprovals originVerification timestamp } signingPolicies { slug }
  thumbprint thumbprintSha1 identity { key issuingKey extendedKeyUsages publicKeyToken appxPublisher }`

const mutation = (name: string, type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`) =>
  `mutation ($input: ${type}!) { ${name}(input: $input) { position changeProposalId certificate { ${fields} } } }`

async function change(server: GraphQLTestServer, name: string, input: object, type?: string) {
  const { data, errors } = await server.ask(server.administrator, mutation(name, type), { input })
  return { certificate: data?.[name]?.certificate, code: errors?.[0]?.extensions.code, errors }
}

const request = {
  name: 'Release',
  subject: { commonName: 'Acme', organization: 'Acme Ltd', country: 'DE' },
  key: { algorithm: 'ec_p384' },
  alternativeNames: [{ kind: 'email', value: 'release@example.org' }],
}

/** Installs a certificate as the use case would after its checks. */
function install({ dependencies, setup }: GraphQLTestServer, id: string) {
  const issued = issuedFacts('CN=Acme', '2020-01-01T00:00:00.000Z', '2090-01-01T00:00:00.000Z')
  const command = { type: 'InstallCertificate', issued, source: { by: 'upload' } } as const
  return handleCommand(dependencies, setup, streams.certificate(id as CertificateId), certificateDecider, command)
}

describe('certificates', () => {
  it('are asked for of an authority, and go from their request to their restrictions', async () => {
    const server = await startGraphQLServer()
    const asked = await change(server, 'requestCertificate', request)
    expect(asked.errors).toBeUndefined()
    expect(asked.certificate).toMatchObject({
      kind: 'authority',
      status: 'awaitingIssuance',
      commonName: 'Acme',
      notAfter: null,
      alternativeNames: request.alternativeNames,
      enrolment: { by: 'upload', server: null, renewBeforeDays: null },
      signingRequest: '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n',
      restrictions: { minimumApprovals: 0, originVerification: false, timestamp: false },
      signingPolicies: [],
      thumbprint: null,
      identity: null,
    })
    const { certificateId } = asked.certificate
    const rubbish = Buffer.from('rubbish').toString('base64')
    expect(await change(server, 'installCertificate', { certificateId, file: rubbish })).toMatchObject({
      code: 'X509_MALFORMED',
    })
    expect((await change(server, 'installCertificate', { certificateId, file: 'no base64' })).code).toBe(
      'BASE64_MALFORMED',
    )
    await install(server, certificateId)
    const renewed = await change(server, 'renewCertificate', { certificateId })
    expect(renewed.certificate).toMatchObject({
      status: 'active',
      renewalRequested: true,
      notAfter: '2090-01-01T00:00:00.000Z',
      thumbprintSha1: expect.stringMatching(/^[0-9a-f]{40}$/),
      identity: { appxPublisher: 'CN=Acme' },
    })
    const restrictions = { minimumApprovals: 2, originVerification: false, timestamp: true }
    expect((await change(server, 'restrictCertificate', { certificateId, restrictions })).certificate).toMatchObject({
      restrictions,
    })
    const stale = { certificateId, restrictions, basedOnRevision: 0 }
    expect((await change(server, 'restrictCertificate', stale)).code).toBe('CHANGE_STALE')
    const input = { certificateId, reason: 'looked at' }
    const disabled = await change(server, 'disableCertificate', input, 'SwitchCertificateInput')
    expect(disabled.certificate).toMatchObject({ status: 'disabled', renewalRequested: false })
    const enabled = await change(server, 'enableCertificate', input, 'SwitchCertificateInput')
    expect(enabled.certificate).toMatchObject({ status: 'active' })
  })

  it('of EST servers and self-signed ones say how they are renewed', async () => {
    const server = await startGraphQLServer()
    const est = { server: 'corporate', renewBeforeDays: 30 }
    const asked = await change(server, 'requestCertificate', { ...request, est })
    expect(asked.certificate).toMatchObject({ enrolment: { by: 'est', ...est }, renewBeforeHours: 720 })
    const selfSigned = {
      name: 'Tests',
      subject: { commonName: 'Tests' },
      key: { algorithm: 'ec_p256' },
      notBefore: '2026-01-01T00:00:00.000Z',
      notAfter: '2026-01-08T00:00:00.000Z',
      renewBeforeHours: 24,
    }
    const made = await change(server, 'createSelfSignedCertificate', selfSigned)
    expect(made.certificate).toMatchObject({ kind: 'selfSigned', renewBeforeHours: 24, enrolment: null })
    for (const key of [{}, { keyStore: 'hsm' }, { keyId: made.certificate.certificateId, algorithm: 'ec_p256' }])
      expect((await change(server, 'createSelfSignedCertificate', { ...selfSigned, key })).code).toBe(
        'CERTIFICATE_KEY_UNCLEAR',
      )
  })

  it('name the policies that use them, and cannot be restricted to more than these demand', async () => {
    const server = await startGraphQLServer()
    const { data } = await server.ask(server.submitter, `{ certificates(first: 5) { nodes { ${fields} } } }`)
    const used = data.certificates.nodes.find(
      ({ signingPolicies }: { signingPolicies: unknown[] }) => signingPolicies.length > 0,
    )
    expect(used.signingPolicies).toContainEqual({ slug: 'release-signing' })
    const restrictions = { minimumApprovals: 9, originVerification: false, timestamp: false }
    const refused = await change(server, 'restrictCertificate', { certificateId: used.certificateId, restrictions })
    expect(refused.code).toBe('CERTIFICATE_RESTRICTIONS_UNMET')
  })

  it('are compared before one takes the place of another, by everybody', async () => {
    const server = await startGraphQLServer()
    const ids: string[] = []
    for (let count = 0; count < 2; count++) {
      const { certificate } = await change(server, 'requestCertificate', request)
      ids.push(certificate.certificateId)
    }
    const [before, after] = ids as [string, string]
    const query = `query ($before: ID!, $after: ID!) { checkContinuity(before: $before, after: $after) { aspect severity effect } }`
    const early = await server.ask(server.submitter, query, { before, after })
    expect(early.errors?.[0]?.extensions.code).toBe('CERTIFICATE_NOT_ISSUED')
    await install(server, before)
    const other = issuedFacts('CN=Acme', '2020-01-01T00:00:00.000Z', '2090-01-01T00:00:00.000Z')
    const installed = {
      type: 'CertificateInstalled',
      data: {
        schemaVersion: 1,
        ...other,
        identity: { ...other.identity, issuingKey: '22'.repeat(32) },
        source: { by: 'upload' },
      } as object,
    } as DomainEvent
    await appendRaw(server.log, streams.certificate(after as CertificateId), [installed], 1, server.organizationId)
    const compared = await server.ask(server.submitter, query, { before, after })
    expect(compared.data.checkContinuity).toEqual([
      { aspect: 'issuingAuthority', severity: 'alarm', effect: expect.any(String) },
    ])
    const same = await server.ask(server.submitter, query, { before, after: before })
    expect(same.data.checkContinuity).toEqual([])
  })

  it('sign nothing when their key is disabled, which is for good', async () => {
    const server = await startGraphQLServer()
    const { data } = await server.ask(server.submitter, '{ keys(first: 1) { nodes { keyId status } } }')
    const [{ keyId }] = data.keys.nodes
    const disable = `mutation ($input: DisableKeyInput!) { disableKey(input: $input) { keyId position key { status } } }`
    const input = { keyId, reason: 'lost' }
    expect((await server.ask(server.submitter, disable, { input })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    const disabled = await server.ask(server.administrator, disable, { input })
    expect(disabled.data.disableKey).toMatchObject({ keyId, key: { status: 'disabled' } })
    const again = await server.ask(server.administrator, disable, { input })
    expect(again.errors?.[0]?.extensions.code).toBe('KEY_DISABLED')
  })

  it('are changed by administrators of certificates only', async () => {
    const server = await startGraphQLServer()
    const { certificate } = await change(server, 'requestCertificate', request)
    const { certificateId } = certificate
    const inputs: Readonly<Record<string, readonly [object, string?]>> = {
      requestCertificate: [request],
      installCertificate: [{ certificateId, file: '' }],
      renewCertificate: [{ certificateId }],
      disableCertificate: [{ certificateId }, 'SwitchCertificateInput'],
      enableCertificate: [{ certificateId }, 'SwitchCertificateInput'],
    }
    for (const [name, [input, type]] of Object.entries(inputs)) {
      const { errors } = await server.ask(server.submitter, mutation(name, type), { input })
      expect([name, errors?.[0]?.extensions.code]).toEqual([name, 'FORBIDDEN'])
    }
  })
})
