import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { HashAlgorithm } from '../../domain/index.ts'
import { startTimeStampAuthority, type TimeStampAuthority } from '../../server/embedded/time-stamp-authority.ts'
import { der, messageSignerOf } from '../../signing/cms/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
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
import { createSelfSignedCertificate } from '../../signing/x509/index.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import {
  type OpensslTimeStampAuthority,
  opensslTimeStampAuthority,
} from '../support/openssl-time-stamp-authority/index.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { answerWithCertificate } from '../support/with-certificate.ts'

const folder = suiteFolder()
const stamping = 'extendedKeyUsage=critical,timeStamping'
/** In seconds. */
const day = 24 * 60 * 60
const signature = Uint8Array.from({ length: 70 }, (_, index) => index)
let tsa: TestIdentity
let other: TestIdentity
let good: TimeStampAuthority
let openssl: OpensslTimeStampAuthority
/** Valid from 30 days ago to 300 days from now. */
let signerCertificate: Uint8Array
const servers: { close(): unknown }[] = []

beforeAll(async () => {
  tsa = await makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions: stamping })
  other = await makeIdentity(folder, 'ec-p256', { commonName: 'Other time', extensions: stamping })
  good = await startTimeStampAuthority({ key: tsa.key, certificateChain: tsa.chain })
  openssl = await opensslTimeStampAuthority(folder)
  signerCertificate = await createSelfSignedCertificate({
    key: other.key,
    subject: { commonName: 'Signer' },
    notBefore: new Date(Date.now() - 30 * day * 1000),
    notAfter: new Date(Date.now() + 300 * day * 1000),
  })
})
afterAll(async () => {
  await good.close()
  openssl.close()
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
  const asked = createTimestampClient({
    urls: urls as [string, ...string[]],
    transport: fetch,
    timeoutMs: 5000,
    maximumSkewMs: 60_000,
    trustedCertificates: [tsa.root],
    wait: async () => undefined,
    ...change,
  })
  return {
    timestamp: (signature: Uint8Array, hashAlgorithm: HashAlgorithm, signal?: AbortSignal) =>
      asked.timestamp({ signature, hashAlgorithm, signerCertificate, signal }),
  }
}

/** What the client says of these authorities. */
async function failureOf(urls: readonly string[], change: Partial<TimestampClientOptions> = {}): Promise<SigningError> {
  const outcome: unknown = await client(urls, change)
    .timestamp(signature, 'sha256')
    .catch((reason: unknown) => reason)
  if (!(outcome instanceof SigningError)) throw new Error(`No SigningError: ${String(outcome)}`)
  return outcome
}

/** A server that gives each of these answers once, and then the last one for ever; `asked` counts. */
async function saying(...answers: readonly ((response: ServerResponse) => void)[]) {
  const counted = { asked: 0, url: '' }
  counted.url = await serve((_request, response) => {
    answers[Math.min(counted.asked++, answers.length - 1)]?.(response)
  })
  return counted
}

/** A server that hands each query on to the good authority, and changes its answer. */
function passingOn(change: (answer: Buffer, response: ServerResponse) => Uint8Array): Promise<string> {
  return serve(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const headers = { 'content-type': 'application/timestamp-query' }
    const answer = await fetch(good.url, { method: 'POST', headers, body: Buffer.concat(parts) })
    response.setHeader('content-type', 'application/timestamp-reply')
    response.end(change(Buffer.from(await answer.arrayBuffer()), response))
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

  test('by one that calls its answer application/timestamp-response, with parameters', async () => {
    const url = await passingOn((answer, response) => {
      response.setHeader('content-type', 'Application/Timestamp-Response; charset=binary')
      return answer
    })
    await expect(client([url]).timestamp(signature, 'sha256')).resolves.toBeInstanceOf(Uint8Array)
  })

  test('by one whose answer ends with white space, and nothing else', async () => {
    const url = await passingOn((answer) => Buffer.concat([answer, Buffer.from(' \r\n\t\n')]))
    await expect(client([url]).timestamp(signature, 'sha256')).resolves.toBeInstanceOf(Uint8Array)
    const trailing = await passingOn((answer) => Buffer.concat([answer, Buffer.from('\n<!-- -->')]))
    expect(await failureOf([trailing])).toMatchObject({
      code: 'TIMESTAMP_INVALID',
      message: expect.stringContaining('is followed by 9 bytes'),
    })
  })

  test.each([
    ['of version 1 ([1])', 0xa1],
    ['of version 2 ([2])', 0xa2],
  ])('by one that sends attribute certificates %s', async (_version, tag) => {
    const url = await passingOn((answer) => answerWithCertificate(answer, der.element(tag, Buffer.alloc(300, 0x05))))
    const token = await client([url]).timestamp(signature, 'sha256')
    expect(verifyTimestampToken({ token, imprint: imprintOf(signature, 'sha256'), area: 'TIMESTAMP' }).authority).toBe(
      'O=Countersign test, CN=Time',
    )
  })

  test('but not by one that sends certificates of no kind that CMS has', async () => {
    const url = await passingOn((answer) => answerWithCertificate(answer, der.element(0xa4, Buffer.alloc(4))))
    expect(await failureOf([url])).toMatchObject({
      code: 'TIMESTAMP_INVALID',
      message: expect.stringContaining('has the tag 0xa4'),
    })
  })

  test('by openssl', async () => {
    const token = await client([openssl.url], { trustedCertificates: [openssl.certificate] }).timestamp(
      signature,
      'sha512',
    )
    expect(token.length).toBeGreaterThan(500)
  })

  test('by one that wants a user and a password, which stand in its address', async () => {
    const seen: (string | undefined)[] = []
    const url = new URL(
      await serve((request, response) => {
        seen.push(request.headers.authorization)
        response.writeHead(401).end()
      }),
    )
    url.username = 'me'
    url.password = 'pass%2Fword'
    const failure = await failureOf([url.href])
    expect(failure).toMatchObject({ code: 'TIMESTAMP_REJECTED', message: expect.stringContaining('HTTP status 401') })
    expect(`${failure.message}${failure.stack}${failure.cause}`).not.toMatch(/pass|me:/)
    expect(seen[0]).toBe(`Basic ${Buffer.from('me:pass/word').toString('base64')}`)
  })
})

describe('TIMESTAMP_UNAVAILABLE', () => {
  const unavailable = { name: 'SigningError', code: 'TIMESTAMP_UNAVAILABLE', transient: true }

  test('when nothing listens', async () => {
    expect(await failureOf([await refused()])).toMatchObject(unavailable)
  })

  test.each([500, 503, 429, 408])('when the authority answers with HTTP %i', async (status) => {
    const url = await serve((_request, response) => response.writeHead(status).end('busy'))
    expect(await failureOf([url])).toMatchObject(unavailable)
  })

  test('when the authority does not answer in time, or stops in the middle', async () => {
    const silent = await serve(() => undefined)
    const stuck = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/timestamp-reply', 'content-length': 5000 })
      response.write('abc')
    })
    const dropping = await serve((request) => request.socket.destroy())
    for (const url of [silent, stuck, dropping])
      expect(await failureOf([url], { timeoutMs: 100 })).toMatchObject(unavailable)
  })

  test('and the address in the message carries no credentials and no query', async () => {
    const url = new URL(await refused())
    url.search = '?token=secret-in-query'
    url.username = 'secret-user'
    const { message } = await failureOf([`${url.protocol}//secret-user@${url.host}/tsa${url.search}`])
    expect(message).toContain(`${url.protocol}//${url.host}/tsa cannot be reached`)
    expect(message).not.toContain('secret')
  })

  test('when authorities fail in several ways; the message names each with what was wrong', async () => {
    const rejecting = await answering(() => encodeRejection('badAlg', 'no'))
    const page = await serve((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    )
    const absent = await refused()
    const failure = await failureOf([rejecting, absent, page])
    expect(failure).toMatchObject(unavailable)
    expect(failure.message).toMatch(
      new RegExp(
        '^None of 3 time-stamp authorities gave a time-stamp\\. ' +
          `${rejecting} refused to time-stamp \\(status 2\\): no; badAlg \\(TIMESTAMP_REJECTED\\)\\. ` +
          `${absent} cannot be reached: .* \\(TIMESTAMP_UNAVAILABLE\\)\\. ` +
          `${page} answered with the content type text/html; application/timestamp-reply is expected \\(TIMESTAMP_INVALID\\)\\.$`,
      ),
    )
  })
})

describe('TIMESTAMP_REJECTED, with what the authority says', () => {
  test.each(['badAlg', 'unacceptedPolicy', 'timeNotAvailable', 'systemFailure'] as const)(
    '%s',
    async (failure: FailureInfo) => {
      const url = await answering(() => encodeRejection(failure, 'come back \u0007 tomorrow'))
      const error = await failureOf([url])
      expect(error).toMatchObject({ code: 'TIMESTAMP_REJECTED', transient: true })
      expect(error.message).toContain('come back   tomorrow')
      expect(error.message).toContain(failure)
    },
  )

  test.each([400, 401, 403, 404])('or with HTTP %i', async (status) => {
    const url = await serve((_request, response) => response.writeHead(status).end())
    expect(await failureOf([url])).toMatchObject({
      code: 'TIMESTAMP_REJECTED',
      transient: true,
      message: `The time-stamp authority ${url} answered with HTTP status ${status}; 200 is expected.`,
    })
  })

  test('such as its quota, in plain text, unless it could repeat a secret', async () => {
    const url = await serve((request, response) =>
      response.writeHead(403, { 'content-type': 'text/plain' }).end(`Daily quota\n of 10 used up.${request.url}`),
    )
    expect((await failureOf([url])).message).toContain('HTTP status 403 ("Daily quota of 10 used up./")')
    expect((await failureOf([`${url}?key=secret`])).message).not.toMatch(/quota|secret/)
  })
})

describe('an authority that fails does not end anything', () => {
  const html = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
  const busy = (response: ServerResponse) => response.writeHead(503).end()
  const untilThen = (value: string, date?: string) => (response: ServerResponse) =>
    response.writeHead(429, { 'retry-after': value, ...(date !== undefined && { date }) }).end()
  const waits = () => {
    const waited: number[] = []
    return { waited, wait: async (milliseconds: number) => void waited.push(milliseconds) }
  }

  test('it is asked again, three times in all, with growing waits', async () => {
    const { waited, wait } = waits()
    const page = await saying(html)
    expect(await failureOf([page.url], { wait })).toMatchObject({ code: 'TIMESTAMP_INVALID', transient: true })
    expect(page.asked).toBe(3)
    expect(waited).toEqual([500, 1000])
  })

  test('and its token is taken when it has got better', async () => {
    const empty = (response: ServerResponse) => response.writeHead(200).end()
    let asked = 0
    const url = await passingOn((answer, response) => {
      if (asked++ === 0) response.statusCode = 404
      return answer
    })
    const broken = await saying(busy, empty, html)
    await expect(client([broken.url, url]).timestamp(signature, 'sha256')).resolves.toBeInstanceOf(Uint8Array)
    expect({ broken: broken.asked, asked }).toEqual({ broken: 2, asked: 2 })
  })

  test.each([
    ['seconds', '7', undefined],
    ['an HTTP date, by its own clock', 'Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:30 GMT'],
    ['the old form of one', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:30 GMT'],
    ['the oldest form of one', 'Sun Nov  6 08:49:37 1994', 'Sun, 06 Nov 1994 08:49:30 GMT'],
  ])('Retry-After in %s is waited for', async (_form, value, date) => {
    const { waited, wait } = waits()
    const shy = await saying(untilThen(value, date), busy)
    const clock = { now: 1_700_000_000_000 }
    const patient = async (milliseconds: number) => {
      await wait(milliseconds)
      clock.now += milliseconds
    }
    expect(await failureOf([shy.url], { wait: patient, now: () => clock.now })).toMatchObject({ transient: true })
    expect(waited).toEqual([7000, 1000])
    expect(shy.asked).toBe(3)
  })

  test('whoever wants to be left alone for longer is not waited for, nor asked by the next call before that', async () => {
    const { waited, wait } = waits()
    const clock = { now: Date.now() }
    const shy = await saying(untilThen('90'))
    const tired = client([shy.url], { wait, now: () => clock.now })
    const until = new Date(clock.now + 90_000).toISOString()
    const refusal = {
      code: 'TIMESTAMP_UNAVAILABLE',
      message: expect.stringContaining(`HTTP status 429; 200 is expected, and asked not to be called before ${until}.`),
    }
    await expect(tired.timestamp(signature, 'sha256')).rejects.toMatchObject({ ...refusal, retryAfterMs: 90_000 })
    clock.now += 60_000
    await expect(tired.timestamp(signature, 'sha256')).rejects.toMatchObject({ ...refusal, retryAfterMs: 30_000 })
    expect({ asked: shy.asked, waited }).toEqual({ asked: 1, waited: [] })
    clock.now += 30_001
    await expect(tired.timestamp(signature, 'sha256')).rejects.toMatchObject({ code: 'TIMESTAMP_UNAVAILABLE' })
    expect(shy.asked).toBe(2)
  })

  test('for ten minutes at most, even when the clock is set back', async () => {
    const clock = { now: Date.now() }
    const shy = await saying(untilThen('999999999'))
    const tired = client([shy.url], { now: () => clock.now })
    for (const step of [0, 10 * 60_000 + 1, -3 * day * 1000]) {
      clock.now += step
      await expect(tired.timestamp(signature, 'sha256')).rejects.toMatchObject({ transient: true })
    }
    expect(shy.asked).toBe(3)
  })

  test('the others are asked meanwhile', async () => {
    const shy = await saying(untilThen('90'))
    const both = client([shy.url, good.url])
    await both.timestamp(signature, 'sha256')
    await both.timestamp(signature, 'sha256')
    expect(shy.asked).toBe(1)
  })
})

describe('TIMESTAMP_REDIRECTED', () => {
  test('names where it leads without its secrets, is not followed, and not tried again', async () => {
    const redirecting = await saying((response) =>
      response.writeHead(307, { location: 'https://user:secret@elsewhere.example/tsa?key=secret' }).end(),
    )
    expect(await failureOf([redirecting.url])).toMatchObject({
      code: 'TIMESTAMP_REDIRECTED',
      transient: true,
      message:
        `The time-stamp authority ${redirecting.url} redirects to https://elsewhere.example/tsa (HTTP status 307), ` +
        'and redirects are not followed: configure the address that answers itself.',
    })
    expect(redirecting.asked).toBe(1)
    await expect(client([redirecting.url, good.url]).timestamp(signature, 'sha256')).resolves.toBeInstanceOf(Uint8Array)
  })
})

describe('TIMESTAMP_TIME_IMPLAUSIBLE, by the clock of openssl', () => {
  afterEach(() => {
    openssl.clockShift = 0
  })

  test.each([
    [
      'three years ahead, when the signing certificate is not valid any more',
      3 * 365 * day,
      /is not valid: it is from/,
    ],
    ['three days behind', -3 * day, /2592\d\d s away from this machine's clock .*; 60 s are tolerated/],
    ['two minutes ahead', 120, /1(19|20) s away/],
    ['half a year behind, before the signing certificate was', -182 * day, /is not valid/],
  ])('%s', async (_when, shift, message) => {
    openssl.clockShift = shift
    const trust = { trustedCertificates: [openssl.certificate, tsa.root] }
    const failure = await failureOf([openssl.url], trust)
    expect(failure).toMatchObject({ code: 'TIMESTAMP_TIME_IMPLAUSIBLE', transient: true })
    expect(failure.message).toMatch(message)
    await expect(client([openssl.url, good.url], trust).timestamp(signature, 'sha256')).resolves.toBeInstanceOf(
      Uint8Array,
    )
  })

  test('unless the configuration tolerates it', async () => {
    openssl.clockShift = -3 * day
    const tolerant = client([openssl.url], {
      trustedCertificates: [openssl.certificate],
      maximumSkewMs: 4 * day * 1000,
    })
    await expect(tolerant.timestamp(signature, 'sha256')).resolves.toBeInstanceOf(Uint8Array)
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
    [
      'an answer without a content type',
      () => serve((_request, response) => response.writeHead(200).end()),
      /answered with no content type;/,
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
    const url = await start()
    const error = await failureOf([url])
    expect(error).toMatchObject({ code: 'TIMESTAMP_INVALID', transient: true })
    expect(error.message).toMatch(message)
    expect(error.message.startsWith(`The time-stamp authority ${url} `)).toBe(true)
    expect(error.message).not.toMatch(/undefined|\.\./)
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
  const anyone = createTimestampClient({ urls: [url], transport: fetch, timeoutMs: 5000, maximumSkewMs: 60_000 })
  const token = await anyone.timestamp({ signature, hashAlgorithm: 'sha256', signerCertificate })
  const verified = verifyTimestampToken({ token, imprint: imprintOf(signature, 'sha256'), area: 'TIMESTAMP' })
  expect(verified.trusted).toBe(false)
})
