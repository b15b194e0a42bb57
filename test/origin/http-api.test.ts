import { createHash } from 'node:crypto'
import type { RequestListener, ServerResponse } from 'node:http'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Sha256Digest } from '../../domain/index.ts'
import {
  askPages,
  createHttpApis,
  type HttpApiLimits,
  heldBytes,
  nextPage,
  pathOf,
  refusalOf,
} from '../../origin/http-api/index.ts'
import type { HttpApi } from '../../origin/index.ts'
import { openOutgoing } from '../../outgoing/index.ts'
import { answeringServer, rawServer } from '../support/answering-server.ts'

const headers = { authorization: 'Bearer canary', 'x-api-version': '1' }
const start = 1_800_000_000_000
let clock = start
beforeEach(() => {
  clock = start
})

function apisOf(limits: HttpApiLimits = {}) {
  const outgoing = openOutgoing({ allowHttp: true, allowedNetworks: ['127.0.0.0/8'] })
  onTestFinished(() => outgoing.close())
  return createHttpApis({ outgoing, now: () => clock, ...limits })
}

async function served(answer: RequestListener, limits: HttpApiLimits = {}) {
  const server = await answeringServer(answer)
  const api = apisOf(limits).open({ system: 'Builder', baseUrl: `${server.url}/api/v4` })
  return { server, api }
}

const json = (response: ServerResponse, status: number, value: unknown, more: Record<string, string> = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(value))

async function read(api: HttpApi, path: string): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of (await api.download({ path, headers })).bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('a question to a build system', () => {
  it('goes below the base URL with its headers, and gives status, JSON and the bytes as they came', async () => {
    const { server, api } = await served((_, response) => response.writeHead(200).end('{"id": 1.0}'))
    const answer = await api.ask({
      path: pathOf('projects', 'a/b', 'jobs', 7),
      query: { 'api-version': '7.1' },
      headers,
    })
    expect([answer.status, answer.json(), Buffer.from(answer.bytes).toString()]).toEqual([
      200,
      { id: 1 },
      '{"id": 1.0}',
    ])
    expect(server.asked).toMatchObject([
      { method: 'GET', url: '/api/v4/projects/a%2Fb/jobs/7?api-version=7.1', headers },
    ])
  })

  it.each([
    '../../admin',
    '/admin',
    '//other.test/x',
    '..%2f..',
    'a/%2E%2e/b',
    'a?b=c',
    'a#b',
    'a\\..\\b',
    'a%5C..%5Cb',
  ])('asks nothing at %s', async (path) => {
    const { server, api } = await served((_, response) => response.end('{}'))
    await expect(api.ask({ path, headers })).rejects.toMatchObject({
      code: 'ORIGIN_API_PATH_INVALID',
      isPassing: false,
    })
    expect(server.asked).toEqual([])
  })

  it('asks at no other host for a path that looks like an address: the whole of it is put behind the base URL', async () => {
    const { server, api } = await served((_, response) => response.end('{}'))
    await api.ask({ path: 'https://other.test', headers })
    expect(server.asked.map(({ url }) => url)).toEqual(['/api/v4/https://other.test'])
  })

  it.each(['', '.', '..', '../..', 'a/../b', '..\\a', 'a\nb', '\ud800'])(
    'is not made of a segment like %j',
    (segment) => {
      expect(() => pathOf('jobs', segment)).toThrow(expect.objectContaining({ code: 'ORIGIN_API_PATH_INVALID' }))
    },
  )

  it.each([
    'api.test',
    'ftp://api.test',
    'https://user:canary@api.test',
    'https://api.test/?a=b',
    'https://api.test/a/../b',
    'https://api.test/%2e%2E/b',
  ])('is refused with a base URL like %s', (baseUrl) => {
    expect(() => apisOf().open({ system: 'Builder', baseUrl })).toThrow(
      expect.objectContaining({ code: 'ORIGIN_API_BASE_URL_INVALID', message: expect.not.stringContaining('canary') }),
    )
  })

  it('is followed within the API, and nowhere else', async () => {
    const other = await answeringServer((_, response) => json(response, 200, 'forged'))
    const { server, api } = await served(({ url }, response) => {
      if (url === '/api/v4/old') response.writeHead(301, { location: '/api/v4/new' }).end()
      else if (url === '/api/v4/new') json(response, 200, 'moved')
      else if (url === '/api/v4/away') response.writeHead(302, { location: `${other.url}/api/v4/new` }).end()
      else if (url === '/api/v4/out') response.writeHead(302, { location: '/sign-in' }).end()
      else if (url === '/api/v4/up') response.writeHead(302, { location: '/api/v4/..%2f..%2fsign-in' }).end()
      else response.writeHead(302, { location: url }).end()
    })
    expect((await api.ask({ path: 'old', headers })).json()).toBe('moved')
    expect(server.asked[1]?.headers).toMatchObject(headers)
    for (const path of ['away', 'out', 'up', 'round'])
      await expect(api.ask({ path, headers })).rejects.toMatchObject({ code: 'ORIGIN_API_REDIRECT_REFUSED' })
    await expect(api.ask({ method: 'POST', path: 'old', headers })).rejects.toMatchObject({
      code: 'ORIGIN_API_REDIRECT_REFUSED',
    })
    expect([other.asked, server.asked.some(({ url = '' }) => url.endsWith('sign-in'))]).toEqual([[], false])
  })

  it('is answered from the cache only where the server says so, to the same caller', async () => {
    let version = 1
    const { server, api } = await served((request, response) => {
      const etag = `"${version}"`
      if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
      else json(response, 200, { version }, { etag, 'x-first': 'yes' })
    })
    const ask = async (authorization = 'Bearer canary') => {
      const answer = await api.ask({ path: 'run', headers: { authorization } })
      return [answer.status, answer.json(), answer.headers['x-first']]
    }
    expect([await ask(), await ask()]).toEqual([
      [200, { version: 1 }, 'yes'],
      [200, { version: 1 }, 'yes'],
    ])
    await ask('Bearer other')
    version = 2
    expect(await ask()).toEqual([200, { version: 2 }, 'yes'])
    expect(server.asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"', undefined, '"1"'])
  })

  it('gives what is no JSON as a fault that passes', async () => {
    const { api } = await served((_, response) => response.end('<html>'))
    const answer = await api.ask({ path: 'x' })
    expect(() => answer.json()).toThrow(
      expect.objectContaining({ code: 'ORIGIN_API_ANSWER_MALFORMED', isPassing: true }),
    )
  })

  it.each([
    ['too large', { answerBytes: 10 }, { code: 'ORIGIN_API_ANSWER_TOO_LARGE', isPassing: false }],
    ['too slow', { askMs: 50 }, { code: 'ORIGIN_API_UNAVAILABLE', isPassing: true }],
  ])('fails when its answer is %s', async (_, limits, error) => {
    const { api } = await served((_, response) => void response.write('12345678901'), limits)
    await expect(api.ask({ path: 'x', headers })).rejects.toMatchObject(error)
  })

  it('reads all pages, and none when there are too many', async () => {
    const { api } = await served(({ url = '' }, response) => {
      const page = Number(new URL(url, 'http://x').searchParams.get('page'))
      const link = page < 3 ? '<https://elsewhere.test/?a=1,2>; rel="prev next", <x>; rel="last"' : '<x>; rel="first"'
      json(response, 200, page, { link })
    })
    const question = { path: 'jobs', query: { per_page: 100 } }
    expect((await askPages(api, question, 3)).map((page) => page.json())).toEqual([1, 2, 3])
    await expect(askPages(api, question, 2)).rejects.toMatchObject({ code: 'ORIGIN_API_ANSWER_TOO_LARGE' })
  })

  it.each([
    ['<https://api.test/?page=2>; rel=next', 'https://api.test/?page=2'],
    ['<a>; rel=last, <b> ; title="x" ; REL = "Next last"', 'b'],
    ['<a>; rel="nextpage"; title=next', undefined],
    // A pattern over the whole took half a minute for this one.
    [`<a>; rel=${' '.repeat(64_000)}`, undefined],
  ])('has a next page where the header Link says so: case %#', (link, next) => {
    expect(nextPage({ headers: { link } })).toBe(next)
  })
})

describe('an answer that says no', () => {
  const asked = { system: 'Builder', what: '/api/v4/run' }

  it.each([
    [401, 'ORIGIN_API_UNAUTHENTICATED', /credentials/],
    [203, 'ORIGIN_API_UNAUTHENTICATED', /credentials/],
    [403, 'ORIGIN_API_FORBIDDEN', /actions: read/],
    [404, 'ORIGIN_API_NOT_FOUND', /actions: read/],
    [410, 'ORIGIN_API_NOT_FOUND', /actions: read/],
    [422, 'ORIGIN_API_REFUSED', /base URL/],
  ])('%i is given as it is, and %s says what to do', async (status, code, text) => {
    const { api } = await served((_, response) => json(response, status, { message: 'no' }))
    expect((await api.ask({ path: 'run', headers })).status).toBe(status)
    expect(refusalOf(status, asked, 'actions: read')).toMatchObject({ code, message: expect.stringMatching(text) })
    await expect(api.download({ path: 'run', headers })).rejects.toMatchObject({ code, isPassing: false })
  })

  it.each([500, 502, 503, 408])('%i passes, after as long as it says', async (status) => {
    const { api } = await served((_, response) => response.writeHead(status, { 'retry-after': '7' }).end())
    await expect(api.ask({ path: 'run' })).rejects.toMatchObject({
      code: 'ORIGIN_API_UNAVAILABLE',
      isPassing: true,
      retryAfterSeconds: 7,
    })
  })

  const inSeconds = (seconds: number) => String(start / 1_000 + seconds)
  it.each([
    ['429 with a pause', 429, { 'retry-after': '30' }, 30],
    ['429 with a moment', 429, { 'retry-after': new Date(start + 90_000).toUTCString() }, 90],
    ['429 without one', 429, {}, 60],
    ['429 with one without end', 429, { 'retry-after': '999999' }, 3_600],
    ['403 of GitHub', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(120) }, 120],
    ['403 of GitHub for bursts', 403, { 'retry-after': '5' }, 5],
    ['429 of GitLab', 429, { 'ratelimit-remaining': '0', 'ratelimit-reset': inSeconds(40) }, 40],
  ])('%s is a pause that is kept, for that caller alone', async (_, status, more, seconds) => {
    const { server, api } = await served((request, response) => {
      if (request.headers.authorization === headers.authorization) response.writeHead(status, more).end()
      else json(response, 200, {})
    })
    const limited = { code: 'ORIGIN_API_RATE_LIMITED', isPassing: true, retryAfterSeconds: seconds }
    await expect(api.ask({ path: 'run', headers })).rejects.toMatchObject(limited)
    await expect(api.download({ path: 'other', headers })).rejects.toMatchObject(limited)
    expect(server.asked).toHaveLength(1)
    expect((await api.ask({ path: 'run' })).status).toBe(200)
    clock += seconds * 1_000
    await expect(api.ask({ path: 'run', headers })).rejects.toMatchObject({ code: 'ORIGIN_API_RATE_LIMITED' })
    expect(server.asked).toHaveLength(3)
  })

  it('403 for bursts that only its text tells is a pause, too', async () => {
    const { api } = await served((_, response) =>
      json(response, 403, { message: 'You exceeded a secondary rate limit' }),
    )
    await expect(api.ask({ path: 'run' })).rejects.toMatchObject({
      code: 'ORIGIN_API_RATE_LIMITED',
      retryAfterSeconds: 60,
    })
  })

  it('the last call that is allowed is answered, and the next one not made', async () => {
    const more = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': inSeconds(50) }
    const { server, api } = await served((_, response) => json(response, 200, {}, more))
    await api.ask({ path: 'run' })
    await expect(api.ask({ path: 'run' })).rejects.toMatchObject({ code: 'ORIGIN_API_RATE_LIMITED' })
    expect(server.asked).toHaveLength(1)
  })

  it('nor one that does not come: nothing of headers and query is in the error', async () => {
    const server = await answeringServer((request) => request.socket.destroy())
    const api = apisOf().open({ system: 'Builder', baseUrl: server.url })
    const error = await api.ask({ path: 'run', headers, query: { sig: 'canary' } }).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'ORIGIN_API_UNAVAILABLE', isPassing: true })
    expect(`${error.stack}${JSON.stringify(error)}${error.cause}`).not.toContain('canary')
  })
})

describe('a file', () => {
  it('comes from where the API leads to, and the credentials do not go along', async () => {
    // As stores do that refuse a second kind of credentials.
    const store = await answeringServer((request, response) =>
      request.headers.authorization === undefined && request.headers['x-api-version'] === undefined
        ? response.end('bytes')
        : response.writeHead(400).end(),
    )
    const { server, api } = await served(({ url }, response) =>
      response
        .writeHead(302, { location: url?.endsWith('/zip') ? `${store.url}/file?sig=secret` : '/api/v4/zip' })
        .end(),
    )
    expect(await read(api, 'artifact')).toBe('bytes')
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer canary', 'Bearer canary'])
  })

  it('that the store refuses may come later: its address was for a moment; neither it nor its signature are told', async () => {
    const store = await answeringServer((_, response) => response.writeHead(403).end('signature expired'))
    const { api } = await served((_, response) =>
      response.writeHead(302, { location: `${store.url}/f?sig=secret` }).end(),
    )
    const error = await read(api, 'artifact').catch((reason) => reason)
    expect(error).toMatchObject({ code: 'ORIGIN_API_UNAVAILABLE', isPassing: true })
    expect(error.message).not.toMatch(/secret|\/f\b/)
  })

  it('that ends too early is a fault that passes', async () => {
    const server = await rawServer((socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'))
    const api = apisOf().open({ system: 'Builder', baseUrl: server.url })
    await expect(read(api, 'artifact')).rejects.toMatchObject({ code: 'ORIGIN_API_UNAVAILABLE', isPassing: true })
  })

  it('whose end cannot be told is not taken', async () => {
    const server = await rawServer((socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\nhalf'))
    const api = apisOf().open({ system: 'Builder', baseUrl: server.url })
    await expect(read(api, 'artifact')).rejects.toMatchObject({ code: 'ORIGIN_ARTIFACT_LENGTH_UNKNOWN' })
  })

  it.each([
    ['whole', { size: 5, sha256: 'bytes' }, undefined],
    ['of unknown size and digest', { size: null, sha256: null }, undefined],
    ['with fewer bytes', { size: 6, sha256: 'bytes!' }, { code: 'ORIGIN_ARTIFACT_CUT', isPassing: true }],
    ['with more bytes', { size: 4, sha256: 'byte' }, { code: 'ORIGIN_ARTIFACT_MISMATCH', isPassing: false }],
    ['with other bytes', { size: 5, sha256: 'other' }, { code: 'ORIGIN_ARTIFACT_MISMATCH', isPassing: false }],
  ])('%s is held to what the API says of it', async (_, { size, sha256: text }, error) => {
    const sha256 = text === null ? null : (createHash('sha256').update(text).digest('hex') as Sha256Digest)
    const bytes = async () => {
      const chunks: Uint8Array[] = []
      async function* given() {
        yield* [Buffer.from('by'), Buffer.from('tes')]
      }
      for await (const chunk of heldBytes(given(), { what: 'artifact 1', size, sha256 })) chunks.push(chunk)
      return Buffer.concat(chunks).toString()
    }
    if (error === undefined) expect(await bytes()).toBe('bytes')
    else await expect(bytes()).rejects.toMatchObject(error)
  })
})
