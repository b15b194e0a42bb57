import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Credentials, readCredentials } from '../../server/embedded/credentials.ts'
import { makeDemo } from '../support/make-demo.ts'
import { openssl } from '../support/openssl.ts'
import { runCommand } from '../support/run-command.ts'
import { type ServiceProcess, startServe } from '../support/service-processes.ts'
import { until } from '../support/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
const data = join(folder, 'data')
const at = (name: string) => join(folder, name)
const text = 'what somebody wants to be signed\n'
const sha256 = '2.16.840.1.101.3.4.2.1'
const hash = createHash('sha256').update(text).digest()
let service: ServiceProcess
let credentials: Credentials
let url: string

beforeAll(async () => {
  writeFileSync(at('file.txt'), text)
  await makeDemo(data)
  service = await startServe({ COUNTERSIGN_DATA: data, COUNTERSIGN_PORT: '0' })
  credentials = (await readCredentials(data)) as Credentials
  url = service.url
  for (const [name, algorithm] of [
    ['curve', 'ec-p256'],
    ['rsa', 'rsa-3072'],
  ] as const) {
    const made = await json(
      ...[
        'certificate',
        'create-self-signed',
        '--name',
        name,
        '--algorithm',
        algorithm,
        '--common-name',
        name,
        '--days',
        '2',
      ],
      ...['--as', 'administrator'],
    )
    const certificate = String(made.certificateId)
    await json('certificate', 'download', certificate, '--out', `${name}.pem`)
    writeFileSync(at(`${name}.pub`), await openssl('x509', '-in', at(`${name}.pem`), '-noout', '-pubkey'))
    const hashes = ['--allow-hash-signing', '--timestamp', 'none']
    await createPolicy(`${name}-hashes`, certificate, ...hashes)
    await createPolicy(
      `${name}-approved`,
      certificate,
      ...hashes,
      '--approver',
      user('approver-1'),
      '--required-approvals',
      '1',
    )
  }
}, 180_000)

afterAll(async () => {
  await service?.end('SIGTERM')
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}, 60_000)

const user = (name: string) => `user:${credentials.users[name]?.userId}`

function createPolicy(slug: string, certificate: string, ...options: readonly string[]) {
  const common = ['--project', 'demo', '--name', slug, '--certificate', certificate, '--submitter', user('ci')]
  return json('policy', 'create', slug, ...common, ...options, '--as', 'administrator')
}

async function countersign(...args: readonly string[]) {
  return runCommand(args, { environment: { COUNTERSIGN_DATA: data }, workingDirectory: folder })
}

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const ran = await countersign(...args, '--json')
  expect(ran, ran.stderr).toMatchObject({ code: 0 })
  return JSON.parse(ran.stdout) as Record<string, unknown>
}

/** A call of the HTTP API as the CI user. */
async function post(route: string, body: object | FormData, headers: Record<string, string> = {}) {
  const asJson = body instanceof FormData ? {} : { 'content-type': 'application/json' }
  const response = await fetch(`${url}/Api/v1/${credentials.organizationId}/SigningRequests${route}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${credentials.users.ci?.token}`, ...asJson, ...headers },
    body: body instanceof FormData ? body : JSON.stringify(body),
  })
  // biome-ignore lint/suspicious/noExplicitAny: what the API answers
  return { status: response.status, headers: response.headers, body: (await response.json()) as any }
}

/** Whether openssl takes a signature of the text. */
async function verified(key: 'curve' | 'rsa', signature: string, ...options: readonly string[]): Promise<boolean> {
  writeFileSync(at('signature'), Buffer.from(signature, 'base64'))
  const args = ['dgst', '-sha256', '-verify', at(`${key}.pub`), '-signature', at('signature'), ...options]
  return (await openssl(...args, at('file.txt'))).includes('Verified OK')
}

const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']
const curve = { projectSlug: 'demo', signingPolicySlug: 'curve-hashes', signatureAlgorithm: 'Ecdsa' }
const rsa = { projectSlug: 'demo', signingPolicySlug: 'rsa-hashes', rsaHashAlgorithm: sha256 }

describe('hash signing', () => {
  it('gives tools a signature by the command line, of a file and of a hash', async () => {
    const options = ['--project', 'demo', '--policy', 'curve-hashes', '--algorithm', 'ecdsa']
    await json('hash', 'sign', 'file.txt', ...options, '--out', 'file.sig')
    expect(await verified('curve', readFileSync(at('file.sig')).toString('base64'))).toBe(true)
    const { signature } = await json('hash', 'sign', '--digest', hash.toString('hex'), ...options, '--format', 'raw')
    expect(Buffer.from(String(signature), 'base64')).toHaveLength(64)
    const other = ['--project', 'demo', '--policy', 'rsa-hashes', '--algorithm', 'rsa-pkcs1']
    expect(await verified('rsa', (await countersign('hash', 'sign', 'file.txt', ...other)).stdout.trim())).toBe(true)
    expect(await countersign('hash', 'sign', 'file.txt', '--digest', 'aa', ...options)).toMatchObject({ code: 2 })
    expect((await countersign('policy', 'show', 'demo/curve-hashes')).stdout).toMatch(/hash signing +ALLOWED/)
  })

  it('answers SignHash with the signature, of one hash or of many, in any spelling', async () => {
    const one = await post('/SignHash', {
      ...curve,
      ecdsaSignatureFormat: 'Asn1',
      base64EncodedHash: hash.toString('base64'),
    })
    expect(one).toMatchObject({ status: 201, body: { status: 'Completed', workflowStatus: 'Completed' } })
    expect(one.headers.get('location')).toContain(one.body.signingRequestId)
    expect(await verified('curve', one.body.signature)).toBe(true)
    for (const [SignatureAlgorithm, options] of [
      ['RsaPkcs1', []],
      ['RsaPss', pss],
    ] as const) {
      const form = new FormData()
      const fields = {
        ProjectSlug: 'demo',
        SigningPolicySlug: 'rsa-hashes',
        SignatureAlgorithm,
        RsaHashAlgorithm: sha256,
      }
      for (const [name, value] of Object.entries(fields)) form.set(name, value)
      form.set('Base64EncodedHash', hash.toString('base64'))
      form.set('Metadata', '{"tool":"signtool"}')
      const { status, body } = await post('/SignHash', form)
      expect(status).toBe(201)
      expect(await verified('rsa', body.signature, ...options)).toBe(true)
    }
    const base64EncodedHashes = Array.from({ length: 100 }, (_, index) =>
      index === 42 ? hash.toString('base64') : createHash('sha256').update(`${index}`).digest('base64'),
    )
    const many = await post('/SignHash', { ...curve, ecdsaSignatureFormat: 'Asn1', base64EncodedHashes })
    expect(many.body.signatures).toHaveLength(100)
    expect(await verified('curve', many.body.signatures[42])).toBe(true)
  })

  it('answers the older path with the document itself', async () => {
    const document = {
      SignatureAlgorithm: 'RsaPkcs1',
      RsaHashAlgorithm: sha256,
      Base64EncodedHash: hash.toString('base64'),
      Metadata: { build: 7 },
    }
    const form = new FormData()
    form.set('Artifact', new Blob([JSON.stringify(document)]), 'payload.json')
    form.set('ProjectSlug', 'demo')
    form.set('SigningPolicySlug', 'rsa-hashes')
    form.set('IsFastSigningRequest', 'true')
    const { status, body } = await post('', form)
    expect(status).toBe(200)
    expect(body).toEqual({ ...document, Signature: expect.any(String) })
    expect(await verified('rsa', body.Signature)).toBe(true)
  })

  it('takes the document by the plain routes like any artifact, and the signed artifact is the document with the signature', async () => {
    const document = {
      SignatureAlgorithm: 'Ecdsa',
      EcdsaSignatureFormat: 'Asn1',
      Base64EncodedHash: hash.toString('base64'),
    }
    for (const route of ['/SubmitWithArtifact', '']) {
      const form = new FormData()
      form.set('Artifact', new Blob([JSON.stringify(document)]), 'payload.json')
      form.set('ProjectSlug', 'demo')
      form.set('SigningPolicySlug', 'curve-hashes')
      const { status, body } = await post(route, form)
      expect(status).toBe(201)
      const authorization = { authorization: `Bearer ${credentials.users.ci?.token}` }
      const signed = await until('the signature', async () => {
        const answer = await fetch(`${body.signingRequestUrl}/SignedArtifact`, { headers: authorization })
        return answer.ok && ((await answer.json()) as Record<string, string>)
      })
      expect(signed).toEqual({ ...document, Signature: expect.any(String) })
      expect(await verified('curve', signed.Signature ?? '')).toBe(true)
    }
    writeFileSync(at('payload.json'), JSON.stringify(document))
    const command = ['sign', 'payload.json', '--project', 'demo', '--policy', 'curve-hashes', '--out', 'signed.json']
    await json(...command)
    const { Signature, ...others } = JSON.parse(readFileSync(at('signed.json'), 'utf8'))
    expect([others, await verified('curve', Signature)]).toEqual([document, true])
    const form = new FormData()
    form.set('Artifact', new Blob([JSON.stringify(document)]), 'payload.json')
    form.set('ProjectSlug', 'demo')
    form.set('SigningPolicySlug', 'test-signing')
    expect(await post('', form)).toMatchObject({ status: 400, body: { code: 'HASH_SIGNING_NOT_ALLOWED' } })
  })

  it('makes one request of calls with one Idempotency-Key, and refuses other hashes under it', async () => {
    const key = { 'idempotency-key': randomUUID() }
    const body = { ...curve, base64EncodedHash: hash.toString('base64') }
    const [first, second] = [await post('/SignHash', body, key), await post('/SignHash', body, key)]
    expect(second.body).toEqual(first.body)
    const other = { ...body, base64EncodedHash: createHash('sha256').update('x').digest('base64') }
    expect(await post('/SignHash', other, key)).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
  })

  it('waits for approvals where the policy demands them, and then gives the signature', async () => {
    const key = { 'idempotency-key': randomUUID() }
    const body = { ...curve, signingPolicySlug: 'curve-approved', ecdsaSignatureFormat: 'Asn1' }
    const sent = () => post('/SignHash', { ...body, base64EncodedHash: hash.toString('base64') }, key)
    const waiting = await sent()
    expect(waiting).toMatchObject({ status: 202, body: { status: 'WaitingForApproval' } })
    const id = String(waiting.body.signingRequestId)
    const shown = await until('the plan', async () => {
      const ran = await countersign('request', 'show', id, '--as', 'approver-1')
      return ran.stdout.includes(hash.toString('hex')) && ran.stdout
    })
    expect(shown).toContain('unseen')
    await json('request', 'approve', id, '--yes', '--as', 'approver-1')
    const signed = await until('the signature', async () => {
      const answer = await sent()
      return answer.status === 201 && answer.body
    })
    expect(signed.signingRequestId).toBe(id)
    expect(await verified('curve', signed.signature)).toBe(true)
  })

  it.each([
    ['HASH_SIGNING_NOT_ALLOWED', { signingPolicySlug: 'test-signing' }],
    ['HASH_LENGTH_WRONG', { base64EncodedHash: Buffer.alloc(20).toString('base64') }],
    ['HASH_PAYLOAD_MALFORMED', { base64EncodedHash: 'no base64' }],
    ['KEY_ALGORITHM_UNSUITABLE', { signingPolicySlug: 'rsa-hashes' }],
    ['INPUT_MALFORMED', { base64EncodedHash: undefined }],
    ['INPUT_MALFORMED', { signatureAlgorithm: 'Dsa' }],
  ])('refuses with %s: %j', async (code, change) => {
    const body = { ...curve, base64EncodedHash: hash.toString('base64'), ...change }
    expect(await post('/SignHash', body)).toMatchObject({ status: 400, body: { code } })
  })

  it('refuses MD5, and takes SHA-1 where it is asked for by name', async () => {
    const md5 = { ...rsa, signatureAlgorithm: 'RsaPkcs1', rsaHashAlgorithm: '1.2.840.113549.2.5' }
    expect(await post('/SignHash', { ...md5, base64EncodedHash: Buffer.alloc(16).toString('base64') })).toMatchObject({
      status: 400,
      body: { code: 'HASH_ALGORITHM_NOT_ALLOWED' },
    })
    const sha1 = { ...rsa, signatureAlgorithm: 'RsaPkcs1', rsaHashAlgorithm: '1.3.14.3.2.26' }
    const answer = await post('/SignHash', { ...sha1, base64EncodedHash: Buffer.alloc(20).toString('base64') })
    expect(answer.status).toBe(201)
  })
})
