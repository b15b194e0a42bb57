import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createEstClient } from '../../signing/est/index.ts'
import {
  chainOfIssued,
  createCertificationRequest,
  namesOfCertificate,
  newNames,
  readCertificateFile,
} from '../../signing/x509/index.ts'
import { CertificateAuthority } from '../support/certificate-authority.ts'
import { type EstBehaviour, startEstServer } from '../support/est-server.ts'
import { memoryKey } from '../support/memory-key.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeTlsAuthority } from '../support/tls-authority.ts'

const codeSigning = ['1.3.6.1.5.5.7.3.3']

/** An authority of two levels behind an EST server, and a key that asks it. */
async function setUp(login?: 'password' | 'certificate') {
  const root = await CertificateAuthority.root(temporaryFolder(), 'Root', 'ec')
  const issuing = await root.below('Issuing', 'ec')
  const server = await startEstServer(issuing, login)
  const key = memoryKey('ec-p256')
  const names = newNames({ commonName: 'Acme' }, [{ kind: 'email', value: 'release@example.org' }])
  const request = (of = names) =>
    createCertificationRequest({ key, names: of, digitalSignature: true, extendedKeyUsages: codeSigning })
  const client = createEstClient(server.settings)
  const trustedRoots = [await root.certificate()]
  const chainOf = async (file: Uint8Array) =>
    chainOfIssued({ file, publicKey: key.publicKey, known: await client.authorities(), at: new Date(), trustedRoots })
  return { root, issuing, server, client, request, chainOf, key, trustedRoots }
}

describe.each(['password', 'certificate'] as const)('an EST server that lets in by %s', (login) => {
  test('issues, and issues again for the same names, and its authorities complete the chains', async () => {
    const { root, issuing, server, client, request, chainOf } = await setUp(login)
    const first = await chainOf(await client.enrol(await request(), 'first'))
    const expected = [await issuing.certificate(), await root.certificate()].map((der) => Buffer.from(der))
    expect(first.slice(1).map(({ der }) => Buffer.from(der))).toEqual(expected)
    const leaf = first[0]?.der ?? new Uint8Array()
    const second = await chainOf(await client.enrol(await request(namesOfCertificate(leaf)), 'renewal'))
    expect(second[0]?.subject).toBe(first[0]?.subject)
    expect(second[0]?.serialNumber).not.toBe(first[0]?.serialNumber)
    expect(server.operations).toEqual(['simpleenroll', 'cacerts', 'simplereenroll', 'cacerts'])
  })

  test('does not let in whoever is not known to it', async () => {
    const { server, request } = await setUp(login)
    const { credentials: _, clientCertificate: __, ...stranger } = server.settings
    await expect(createEstClient(stranger).enrol(await request(), 'first')).rejects.toMatchObject({
      code: 'EST_UNAUTHORIZED',
      message: expect.stringContaining('Who are you?'),
    })
  })
})

test.each<[string, (base64: string) => string]>([
  ['no line breaks', (base64) => base64],
  ['lines of 76 characters', (base64) => base64.match(/.{1,76}/g)?.join('\n') ?? ''],
  ['a line for each character', (base64) => [...base64].join('\r\n')],
  ['white space around it', (base64) => `\r\n \t${base64}\n\n`],
])('base64 with %s is read', async (_, lines) => {
  const { server, client, request, chainOf } = await setUp()
  server.behaviour = { lines }
  expect(await chainOf(await client.enrol(await request(), 'first'))).toHaveLength(3)
})

test('a server is asked under the label of its authority when its address names one', async () => {
  const { server } = await setUp()
  const labelled = createEstClient({ ...server.settings, url: `${server.settings.url}/.well-known/est/code/` })
  await expect(labelled.authorities()).rejects.toMatchObject({ code: 'EST_REFUSED' })
  expect(server.operations).toEqual(['code/cacerts'])
})

test('a new root is not trusted because a server brings it, and a roll-over certificate leads to the old one', async () => {
  const { root, server, client, request, chainOf, trustedRoots } = await setUp()
  const newRoot = await CertificateAuthority.root(join(temporaryFolder(), 'new'), 'Root', 'ec')
  server.authority = await newRoot.below('Issuing', 'ec')
  const file = await client.enrol(await request(), 'first')
  await expect(chainOf(file)).rejects.toMatchObject({ code: 'CHAIN_ROOT_UNTRUSTED' })
  const authority = { extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign' }
  const newWithOld = await root.issue(await newRoot.request(), authority)
  server.behaviour = { furtherAuthorities: [newWithOld, await newRoot.issue(await root.request(), authority)] }
  const chain = await chainOf(file)
  expect(chain).toHaveLength(4)
  expect(Buffer.from(chain[2]?.der ?? [])).toEqual(Buffer.from(newWithOld))
  expect(Buffer.from(chain[3]?.der ?? [])).toEqual(Buffer.from(trustedRoots[0] ?? []))
})

const answering =
  (
    status: number,
    headers: Readonly<Record<string, string>> = {},
    body: string | Buffer = '',
  ): EstBehaviour['answer'] =>
  (_, response) => {
    response.writeHead(status, headers).end(body)
    return true
  }
const mime = { 'content-type': 'application/pkcs7-mime' }
const inAnHour = () => new Date(Date.now() + 3_600_000).toUTCString()

test.each<[string, object, EstBehaviour['answer']]>([
  [
    '202 with seconds',
    { code: 'EST_PENDING', transient: true, retryAfterMs: 120_000 },
    answering(202, { 'retry-after': '120' }),
  ],
  ['202 without a time', { code: 'EST_PENDING', transient: true, retryAfterMs: 3_600_000 }, answering(202)],
  ['202 for a year', { code: 'EST_PENDING', retryAfterMs: 86_400_000 }, answering(202, { 'retry-after': '31536000' })],
  ['503', { code: 'EST_UNAVAILABLE', transient: true, retryAfterMs: 7_000 }, answering(503, { 'retry-after': '7' })],
  ['429', { code: 'EST_UNAVAILABLE', transient: true }, answering(429)],
  ['403', { code: 'EST_UNAUTHORIZED', transient: false }, answering(403)],
  [
    '400 with a reason',
    { code: 'EST_REFUSED', transient: false, message: expect.stringContaining(': weak [2J key.') },
    answering(400, { 'content-type': 'text/plain; charset=utf-8' }, 'weak \x1b[2J key'),
  ],
  ['a redirection', { code: 'EST_ANSWER_INVALID' }, answering(302, { location: 'https://127.0.0.1:1/' })],
  ['HTML', { code: 'EST_ANSWER_INVALID' }, answering(200, { 'content-type': 'text/html' }, '<html>')],
  ['no content type', { code: 'EST_ANSWER_INVALID' }, answering(200)],
  ['nothing', { code: 'EST_ANSWER_INVALID' }, answering(200, mime)],
  ['no base64', { code: 'EST_ANSWER_INVALID' }, answering(200, mime, '!!!')],
  [
    'base64 of rubbish',
    { code: 'EST_ANSWER_INVALID' },
    answering(200, mime, Buffer.from('rubbish').toString('base64')),
  ],
  ['endless bytes', { code: 'EST_ANSWER_INVALID' }, answering(200, mime, Buffer.alloc(2_000_000, 'A'))],
])('an answer of %s has its code', async (_, expected, answer) => {
  const { server, client, request } = await setUp()
  server.behaviour = { ...(answer !== undefined && { answer }) }
  await expect(client.enrol(await request(), 'first')).rejects.toMatchObject(expected)
})

test('Retry-After can be a date', async () => {
  const { server, client, request } = await setUp()
  server.behaviour = { answer: answering(202, { 'retry-after': inAnHour() }) as NonNullable<EstBehaviour['answer']> }
  const failure = await client.enrol(await request(), 'first').catch((error) => error)
  expect(failure.retryAfterMs).toBeGreaterThan(3_500_000)
  expect(failure.retryAfterMs).toBeLessThanOrEqual(3_600_000)
})

test('a server that does not answer is left alone after its time', async () => {
  const { server, request } = await setUp()
  server.behaviour = { answer: () => true }
  const impatient = createEstClient({ ...server.settings, timeoutMs: 300 })
  await expect(impatient.enrol(await request(), 'first')).rejects.toMatchObject({
    code: 'EST_UNAVAILABLE',
    transient: true,
    message: expect.stringContaining('300 ms'),
  })
})

test('a call can be ended', async () => {
  const { server, client, request } = await setUp()
  const ending = new AbortController()
  onTestFinished(() => ending.abort())
  server.behaviour = {
    answer: () => {
      ending.abort(new Error('enough'))
      return true
    },
  }
  await expect(client.enrol(await request(), 'first', ending.signal)).rejects.toThrow('enough')
})

test('nothing is sent to a server whose certificate is not of its authority, or of another host', async () => {
  const { server, request } = await setUp()
  const other = await makeTlsAuthority(temporaryFolder(), 'other')
  const mistrusting = createEstClient({ ...server.settings, tlsAuthorities: other.certificate.toString() })
  const elsewhere = createEstClient({ ...server.settings, url: server.settings.url.replace('127.0.0.1', 'localhost') })
  for (const client of [mistrusting, elsewhere])
    await expect(client.enrol(await request(), 'first')).rejects.toMatchObject({ code: 'EST_UNAVAILABLE' })
  expect(server.operations).toEqual([])
})

test('the password is in no message', async () => {
  const { server, request } = await setUp()
  const [unreachable, mistaken] = [
    { url: 'https://127.0.0.1:1' },
    { credentials: { user: 'x', password: 'secret word' } },
  ]
  for (const changes of [unreachable, mistaken]) {
    const failure = await createEstClient({ ...server.settings, ...changes })
      .enrol(await request(), 'first')
      .catch((error) => error)
    expect(JSON.stringify([failure.message, String(failure.cause), failure])).not.toMatch(/secret word|c2VjcmV0/)
    expect(failure.code).toMatch(/^EST_/)
  }
})

test('what a server sends is read as any file of an authority', async () => {
  const { client, issuing } = await setUp()
  const authorities = await client.authorities()
  expect(readCertificateFile(Buffer.concat(authorities)).map(({ subject }) => subject)).toEqual(
    (await issuing.chain()).map((der) => readCertificateFile(der)[0]?.subject),
  )
})
