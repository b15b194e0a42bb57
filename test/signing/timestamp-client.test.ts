import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTimeStampAuthority, type TimeStampAuthority } from '../../server/embedded/time-stamp-authority.ts'
import { messageSignerOf } from '../../signing/cms/index.ts'
import {
  createTimestampClient,
  createTimestampToken,
  encodeGranted,
  encodeRejection,
  type FailureInfo,
  imprintOf,
  parseTimestampRequest,
  type TimestampClientOptions,
  type TimestampTokenInput,
  verifyTimestampToken,
} from '../../signing/timestamp/index.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const folder = suiteFolder()
const stamping = 'extendedKeyUsage=critical,timeStamping'
const signature = Uint8Array.from({ length: 70 }, (_, index) => index)
let tsa: TestIdentity
let other: TestIdentity
let good: TimeStampAuthority
const servers: { close(): unknown }[] = []

beforeAll(async () => {
  tsa = await makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions: stamping })
  other = await makeIdentity(folder, 'ec-p256', { commonName: 'Other time', extensions: stamping })
  good = await startTimeStampAuthority({ key: tsa.key, certificateChain: tsa.chain })
})
afterAll(async () => {
  await good.close()
  for (const server of servers) server.close()
})

/** An HTTP server that does as told; answers with its address. */
async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle)
  servers.push({ close: () => server.close() && server.closeAllConnections() })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** A server that answers every query with what `reply` makes of it. */
function answering(reply: (query: Buffer) => Uint8Array | Promise<Uint8Array>): Promise<string> {
  return serve(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    response.setHeader('content-type', 'application/timestamp-reply')
    response.end(await reply(Buffer.concat(parts)))
  })
}

/** A server whose tokens differ from right ones in the given fields. */
function lying(change: (input: TimestampTokenInput) => Partial<TimestampTokenInput>): Promise<string> {
  return answering(async (query) => {
    const request = parseTimestampRequest(query)
    if (typeof request === 'string') throw new Error(request)
    const input: TimestampTokenInput = {
      request,
      signer: messageSignerOf(tsa.key),
      certificateChain: tsa.chain,
      hashAlgorithm: 'sha256',
      policy: '2.999.1',
      serialNumber: Uint8Array.of(1),
      time: new Date(),
    }
    return encodeGranted(await createTimestampToken({ ...input, ...change(input) }))
  })
}

function client(urls: readonly string[], change: Partial<TimestampClientOptions> = {}) {
  return createTimestampClient({
    urls: urls as [string, ...string[]],
    transport: fetch,
    timeoutMs: 5000,
    trustedCertificates: [tsa.root],
    ...change,
  })
}

const refused = async () => {
  const url = await serve(() => undefined)
  servers.pop()?.close()
  return url
}

describe('a token is handed out', () => {
  test.each(['sha256', 'sha384', 'sha512'] as const)(
    'for a %s imprint, and is for the bytes that were sent',
    async (hash) => {
      const token = await client([good.url]).timestamp(signature, hash)
      const before = Date.now()
      const verified = verifyTimestampToken({
        token,
        imprint: imprintOf(signature, hash),
        trustedCertificates: [tsa.root],
        area: 'TIMESTAMP',
      })
      expect(verified).toMatchObject({ authority: 'O=Countersign test, CN=Time', trusted: true })
      expect(Math.abs(verified.time.getTime() - before)).toBeLessThan(60_000)
    },
  )

  test('by the first authority of the list that answers well', async () => {
    const asked: string[] = []
    const broken = await answering(() => {
      asked.push('broken')
      return Buffer.from('nonsense')
    })
    const rejecting = await answering(() => {
      asked.push('rejecting')
      return encodeRejection('badAlg', 'no')
    })
    const token = await client([await refused(), broken, rejecting, good.url]).timestamp(signature, 'sha256')
    expect(token.length).toBeGreaterThan(500)
    expect(asked).toEqual(['broken', 'rejecting'])
  })
})

describe('TIMESTAMP_UNAVAILABLE, which may pass', () => {
  const unavailable = { name: 'SigningError', code: 'TIMESTAMP_UNAVAILABLE', transient: true }

  test('when nothing listens', async () => {
    await expect(client([await refused()]).timestamp(signature, 'sha256')).rejects.toMatchObject(unavailable)
  })

  test.each([500, 503, 429, 408])('when the authority answers with HTTP %i', async (status) => {
    const url = await serve((_request, response) => response.writeHead(status).end('busy'))
    await expect(client([url]).timestamp(signature, 'sha256')).rejects.toMatchObject(unavailable)
  })

  test('when the authority does not answer in time, or stops in the middle', async () => {
    const silent = await serve(() => undefined)
    const stuck = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/timestamp-reply', 'content-length': 5000 })
      response.write('abc')
    })
    const dropping = await serve((request) => request.socket.destroy())
    for (const url of [silent, stuck, dropping])
      await expect(client([url], { timeoutMs: 200 }).timestamp(signature, 'sha256')).rejects.toMatchObject(unavailable)
  })

  test('and the address in the message carries no credentials and no query', async () => {
    const url = new URL(await refused())
    url.search = '?token=secret-in-query'
    const attempt = client([`${url.origin}/tsa${url.search}`]).timestamp(signature, 'sha256')
    await expect(attempt).rejects.toThrow(`${url.origin}/tsa cannot be reached`)
    await expect(attempt).rejects.not.toThrow('secret')
  })

  test('also when of several authorities one may be back later', async () => {
    const rejecting = await answering(() => encodeRejection('badAlg', 'no'))
    await expect(client([rejecting, await refused()]).timestamp(signature, 'sha256')).rejects.toMatchObject(unavailable)
  })
})

describe('TIMESTAMP_REJECTED, with what the authority says', () => {
  test.each([
    ['badAlg', false],
    ['unacceptedPolicy', false],
    ['timeNotAvailable', true],
    ['systemFailure', true],
  ] as const)('%s', async (failure: FailureInfo, transient) => {
    const url = await answering(() => encodeRejection(failure, 'come back \u0007 tomorrow'))
    const error = await client([url])
      .timestamp(signature, 'sha256')
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'SigningError', code: 'TIMESTAMP_REJECTED', transient })
    expect((error as Error).message).toContain('come back   tomorrow')
    expect((error as Error).message).toContain(failure)
  })

  test.each([400, 401, 404])('or with HTTP %i', async (status) => {
    const url = await serve((_request, response) => response.writeHead(status).end())
    await expect(client([url]).timestamp(signature, 'sha256')).rejects.toMatchObject({
      code: 'TIMESTAMP_REJECTED',
      transient: false,
    })
  })
})

describe('TIMESTAMP_INVALID', () => {
  const cases: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
    ['no DER', () => answering(() => Buffer.from('<html>')), /TimeStampResp/],
    ['an empty answer', () => answering(() => new Uint8Array(0)), /missing/],
    ['a grant without a token', () => answering(() => encodeGranted(new Uint8Array(0))), /token.*missing/],
    [
      'a web page',
      () => serve((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')),
      /text\/html/,
    ],
    ['an answer without end', () => answering(() => new Uint8Array(3 * 1024 * 1024)), /more than 1048576 bytes/],
    [
      'a token for other bytes',
      () => lying(({ request }) => ({ request: { ...request, imprint: imprintOf(Uint8Array.of(1), 'sha256') } })),
      /other bytes/,
    ],
    [
      'a token with another nonce',
      () => lying(({ request }) => ({ request: { ...request, nonce: Uint8Array.of(0x40, 1) } })),
      /nonce/,
    ],
    ['a token without the nonce', () => lying(({ request: { nonce: _nonce, ...request } }) => ({ request })), /nonce/],
    [
      'a token without certificates',
      () => lying(({ request }) => ({ request: { ...request, wantsCertificates: false } })),
      /certificate is not among/,
    ],
    [
      'an authority that is not trusted',
      () => lying(() => ({ signer: messageSignerOf(other.key), certificateChain: other.chain })),
      /does not lead to any of the trusted/,
    ],
    [
      'a time outside the authority’s certificate',
      () => lying(() => ({ time: new Date('2001-01-01T00:00:00Z') })),
      /valid from/,
    ],
    [
      'a signature by another key',
      () =>
        lying(({ signer }) => ({ signer: { ...signer, sign: (...args) => messageSignerOf(other.key).sign(...args) } })),
      /not valid under/,
    ],
  ]
  test.each(cases)('%s', async (_what, start, message) => {
    const error = await client([await start()])
      .timestamp(signature, 'sha256')
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'SigningError', code: 'TIMESTAMP_INVALID', transient: false })
    expect((error as Error).message).toMatch(message)
  })

  test('a redirect is not followed, since it could lead anywhere', async () => {
    const url = await serve((_request, response) => response.writeHead(307, { location: good.url }).end())
    await expect(client([url]).timestamp(signature, 'sha256')).rejects.toMatchObject({ name: 'SigningError' })
  })
})

test('addresses that are none are refused when the client is made', () => {
  for (const url of ['', 'timestamp.example', 'ftp://timestamp.example/', 'file:///etc/passwd'])
    expect(() => client([url])).toThrow(expect.objectContaining({ code: 'TIMESTAMP_URL_INVALID' }))
})

test('an abort ends the waiting with its reason, and no further authority is asked', async () => {
  const reason = new Error('cancelled')
  const abort = new AbortController()
  const silent = await serve(() => abort.abort(reason))
  await expect(client([silent, good.url]).timestamp(signature, 'sha256', abort.signal)).rejects.toBe(reason)
})

test('without trusted certificates any sound authority is taken, and its time counts for nothing', async () => {
  const url = await lying(() => ({ signer: messageSignerOf(other.key), certificateChain: other.chain }))
  const anyone = createTimestampClient({ urls: [url], transport: fetch, timeoutMs: 5000 })
  const token = await anyone.timestamp(signature, 'sha256')
  const verified = verifyTimestampToken({ token, imprint: imprintOf(signature, 'sha256'), area: 'TIMESTAMP' })
  expect(verified.trusted).toBe(false)
})
