import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { messageSignerOf } from '../../signing/cms/index.ts'
import { encodeGranted, encodeRejection, type FailureInfo, imprintOf } from '../../signing/timestamp/index.ts'

import { day, signature, useTimeStampAuthorities } from '../support/time-stamp-authorities.ts'

const { parts, serve, answering, lying, client, failureOf, saying, passingOn, refused } = useTimeStampAuthorities()

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

describe('what an authority says', () => {
  test('is not repeated where it could repeat a secret', async () => {
    const url = await answering(() => encodeRejection('badAlg', 'There is no key secret.'))
    expect((await failureOf([url])).message).toContain('There is no key secret.')
    for (const asked of [`${url}?key=secret`, url.replace('//', '//user:secret@')]) {
      const { code, message } = await failureOf([asked])
      expect({ code, message }).toEqual({ code: 'TIMESTAMP_REJECTED', message: expect.stringContaining('badAlg') })
      expect(message).not.toContain('secret')
    }
  })

  test('is cut into whole characters', async () => {
    const said = `${'x'.repeat(499)}👩 and more`
    const rejecting = await answering(() => encodeRejection('badAlg', said))
    expect((await failureOf([rejecting])).message).toSatisfy((message: string) => message.isWellFormed())
    const page = await serve((_request, response) =>
      response.writeHead(403, { 'content-type': 'text/plain' }).end(said.slice(300)),
    )
    expect((await failureOf([page])).message).toSatisfy((message: string) => message.isWellFormed())
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
    const both = client([shy.url, parts().good.url])
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
    await expect(client([redirecting.url, parts().good.url]).timestamp(signature, 'sha256')).resolves.toBeInstanceOf(
      Uint8Array,
    )
  })
})

describe('TIMESTAMP_TIME_IMPLAUSIBLE, by the clock of openssl', () => {
  afterEach(() => {
    parts().openssl.clockShift = 0
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
    parts().openssl.clockShift = shift
    const trust = { trustedCertificates: [parts().openssl.certificate, parts().tsa.root] }
    const failure = await failureOf([parts().openssl.url], trust)
    expect(failure).toMatchObject({ code: 'TIMESTAMP_TIME_IMPLAUSIBLE', transient: true })
    expect(failure.message).toMatch(message)
    await expect(
      client([parts().openssl.url, parts().good.url], trust).timestamp(signature, 'sha256'),
    ).resolves.toBeInstanceOf(Uint8Array)
  })

  test('unless the configuration tolerates it', async () => {
    parts().openssl.clockShift = -3 * day
    const tolerant = client([parts().openssl.url], {
      trustedCertificates: [parts().openssl.certificate],
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
      () => lying(() => ({ signer: messageSignerOf(parts().other.key), certificateChain: parts().other.chain })),
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
        lying(({ signer }) => ({
          signer: { ...signer, sign: (...args) => messageSignerOf(parts().other.key).sign(...args) },
        })),
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
