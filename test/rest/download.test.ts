import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { chmodSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Application, ServiceError } from '../../application/index.ts'
import { ArtifactError } from '../../artifacts/index.ts'
import { Refusal } from '../../domain/index.ts'
import { type RestServer, startRestServer } from '../support/rest-server.ts'
import { until } from '../support/until.ts'

async function get(server: RestServer, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${server.token}`, ...headers },
  })
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
}

async function problem(server: RestServer, path: string, headers: Record<string, string> = {}) {
  const { status, bytes, headers: answered } = await get(server, path, headers)
  return { status, type: answered.get('content-type'), answer: JSON.parse(bytes.toString()) as Record<string, unknown> }
}

describe('GET …/SignedArtifact', () => {
  it('streams the artifact with its length, digest, tag and name', async () => {
    const server = await startRestServer()
    const bytes = randomBytes(3_000_000)
    const { path, sha256 } = await server.publish(bytes)
    const { status, headers, bytes: got } = await get(server, path)
    expect(status).toBe(200)
    expect(got.equals(bytes)).toBe(true)
    expect(Object.fromEntries(headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'content-disposition': 'attachment; filename=setup.exe',
      'content-length': '3000000',
      'content-type': 'application/octet-stream',
      etag: `"${sha256}"`,
      'repr-digest': `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`,
      'x-content-type-options': 'nosniff',
    })
  })

  it('is found in any case of the path', async () => {
    const server = await startRestServer()
    const { path } = await server.publish(Buffer.from('abc'))
    for (const written of [path.toLowerCase(), path.replace('/Api/', '/API/'), path.replace('Requests', 'requests')])
      expect(await get(server, written)).toMatchObject({ status: 200, bytes: Buffer.from('abc') })
  })

  it('answers HEAD with the same headers and no body', async () => {
    const server = await startRestServer()
    const { path } = await server.publish(randomBytes(100_000))
    const whole = await get(server, path)
    const { status, headers, bytes } = await get(server, path, {}, 'HEAD')
    expect({ status, length: bytes.length }).toEqual({ status: 200, length: 0 })
    for (const name of [
      'content-length',
      'etag',
      'content-disposition',
      'repr-digest',
      'accept-ranges',
      'content-type',
    ])
      expect(headers.get(name)).toBe(whole.headers.get(name))
  })

  it('says nothing changed to who has it already', async () => {
    const server = await startRestServer()
    const { path, sha256 } = await server.publish(Buffer.from('abc'))
    for (const tags of [`"${sha256}"`, `W/"${sha256}"`, `"other", "${sha256}"`, '*']) {
      const { status, headers, bytes } = await get(server, path, { 'if-none-match': tags })
      expect({ status, etag: headers.get('etag'), length: bytes.length }).toEqual({
        status: 304,
        etag: `"${sha256}"`,
        length: 0,
      })
    }
    expect(await get(server, path, { 'if-none-match': '"other"' })).toMatchObject({ status: 200 })
    expect(await get(server, path, { 'if-match': `"${sha256}"` })).toMatchObject({ status: 200 })
    expect(await problem(server, path, { 'if-match': '"other"' })).toMatchObject({
      status: 412,
      answer: { code: 'PRECONDITION_FAILED' },
    })
  })

  it('gives any range that is in the artifact', async () => {
    const server = await startRestServer()
    const bytes = randomBytes(600_000)
    const { path, sha256 } = await server.publish(bytes)
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(700_000), async (start, length) => {
        const answer = await get(server, path, { range: `bytes=${start}-${start + length}` })
        const end = Math.min(start + length + 1, bytes.length)
        expect(answer.status).toBe(206)
        expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${bytes.length}`)
        expect(answer.headers.get('content-length')).toBe(String(end - start))
        expect(answer.bytes.equals(bytes.subarray(start, end))).toBe(true)
      }),
      { numRuns: 20 },
    )
    expect((await get(server, path, { range: 'bytes=-100' })).bytes.equals(bytes.subarray(-100))).toBe(true)
    expect((await get(server, path, { range: 'bytes=599990-' })).bytes.equals(bytes.subarray(599_990))).toBe(true)
    expect(await get(server, path, { range: 'bytes=-700000' })).toMatchObject({ status: 206, bytes })
    expect(await get(server, path, { range: 'bytes=0-9', 'if-range': `"${sha256}"` })).toMatchObject({ status: 206 })
  })

  it('gives the whole when a range is malformed, of another unit, several, or of another version', async () => {
    const server = await startRestServer()
    const { path, sha256 } = await server.publish(randomBytes(1000))
    for (const range of [
      'bytes=5-2',
      'bytes=-',
      'bytes=a-b',
      'lines=1-2',
      'bytes=0-1,5-6',
      'bytes=0-1,99999-',
      'bytes',
      'nonsense',
    ])
      expect(await get(server, path, { range })).toMatchObject({ status: 200 })
    expect(await get(server, path, { range: 'bytes=0-9', 'if-range': '"other"' })).toMatchObject({ status: 200 })
    expect(await get(server, path, { range: 'bytes=0-9', 'if-range': `W/"${sha256}"` })).toMatchObject({ status: 200 })
  })

  it('refuses a range behind the end and tells the size', async () => {
    const server = await startRestServer()
    const { path } = await server.publish(randomBytes(1000))
    for (const range of ['bytes=1000-', 'bytes=99999-100000', 'bytes=-0']) {
      const { status, headers, bytes } = await get(server, path, { range })
      expect({ status, range: headers.get('content-range') }).toEqual({ status: 416, range: 'bytes */1000' })
      expect(JSON.parse(bytes.toString())).toMatchObject({ code: 'RANGE_NOT_SATISFIABLE' })
    }
  })

  it.each([
    [
      'Fenêtre 窗口.exe',
      `attachment; filename="Fen_tre __.exe"; filename*=UTF-8''Fen%C3%AAtre%20%E7%AA%97%E5%8F%A3.exe`,
    ],
    [
      `it's "50%" (new)*.exe`,
      `attachment; filename="it's _50__ (new)*.exe"; filename*=UTF-8''it%27s%20%2250%25%22%20%28new%29%2A.exe`,
    ],
    ['\ud800.exe', `attachment; filename=_.exe; filename*=UTF-8''%EF%BF%BD.exe`],
    ['a\r\nSet-Cookie: x', `attachment; filename="a__Set-Cookie: x"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x`],
  ])('gives the name %j to old and new browsers', async (name, header) => {
    const server = await startRestServer()
    const { path } = await server.publish(Buffer.from('abc'), name)
    expect((await get(server, path)).headers.get('content-disposition')).toBe(header)
  })

  it('refuses as problems: token, organization, request, readiness', async () => {
    const server = await startRestServer()
    const { path } = await server.publish(Buffer.from('abc'))
    const unknown = path.replace(/[^/]+\/SignedArtifact/, `${randomUUID()}/SignedArtifact`)
    for (const [asked, headers, status, code] of [
      [path, { authorization: 'Bearer wrong' }, 401, 'TOKEN_INVALID'],
      [path, { authorization: '' }, 401, 'TOKEN_MISSING'],
      [path.replace(server.organizationId, randomUUID()), {}, 404, 'ORGANIZATION_NOT_FOUND'],
      [unknown, {}, 404, 'SIGNING_REQUEST_NOT_FOUND'],
      [path.replace('Signed', 'Unsigned'), {}, 400, 'SIGNED_ARTIFACT_NOT_READY'],
    ] as const) {
      const { status: got, type, answer } = await problem(server, asked, headers)
      expect({ got, code: answer.code, status: answer.status, about: answer.type }).toEqual({
        got: status,
        code,
        status,
        about: 'about:blank',
      })
      expect(type).toMatch(/^application\/json/)
    }
  })

  it('calls a problem by its media type when the client asks for it', async () => {
    const server = await startRestServer()
    const { path } = await server.publish(Buffer.from('abc'))
    const accept = 'application/octet-stream, application/problem+json'
    const { type } = await problem(server, path, { accept, authorization: '' })
    expect(type).toMatch(/^application\/problem\+json/)
  })
})

describe('an artifact that was changed on disk', () => {
  const ask = (server: RestServer, path: string, init: RequestInit = {}) =>
    fetch(server.url + path, { ...init, headers: { authorization: `Bearer ${server.token}`, ...init.headers } })
  const pathOf = ({ storeFolder }: RestServer, sha256: string) =>
    join(storeFolder, 'sha256', sha256.slice(0, 2), sha256.slice(2, 4), sha256)

  it('is not given out, whole or in part, before it is what it was again', async () => {
    const server = await startRestServer()
    const bytes = Buffer.alloc(600_000, 'a')
    const { path, sha256 } = await server.publish(bytes)
    const file = pathOf(server, sha256)
    expect((await ask(server, path)).status).toBe(200)
    chmodSync(file, 0o600)
    const { atime, mtime } = statSync(file)
    writeFileSync(file, Buffer.concat([bytes.subarray(0, -1), Buffer.from('b')]))
    // Whoever changes a file can set back its times, but for one.
    utimesSync(file, atime, mtime)
    for (const init of [{}, { headers: { range: 'bytes=0-3' } }]) {
      const response = await ask(server, path, init)
      expect([response.status, (await response.json()).code]).toEqual([500, 'ARTIFACT_CORRUPT'])
    }
    expect((await ask(server, path, { method: 'HEAD' })).status).toBe(500)
    writeFileSync(file, bytes)
    expect(Buffer.from(await (await ask(server, path)).arrayBuffer()).equals(bytes)).toBe(true)
  })

  it('or is gone is told by its code', async () => {
    const server = await startRestServer()
    const { path, sha256 } = await server.publish(Buffer.from('abc'))
    expect((await ask(server, path)).status).toBe(200)
    rmSync(pathOf(server, sha256))
    const response = await ask(server, path)
    expect(response.status).toBeGreaterThanOrEqual(500)
    expect((await response.json()).code).toBe('ARTIFACT_NOT_FOUND')
  })
})

describe('failures', () => {
  const failing = (error: Error): { openArtifact: Application['openArtifact'] } => ({
    openArtifact: () => Promise.reject(error),
  })
  const path = (server: RestServer) => `/Api/v1/${server.organizationId}/SigningRequests/${randomUUID()}/SignedArtifact`

  it('of ours are masked, and found in the log by their id', async () => {
    const server = await startRestServer(failing(new Error('the database password is hunter2')))
    const { status, answer } = await problem(server, path(server))
    expect(status).toBe(500)
    expect(answer).toMatchObject({ code: 'INTERNAL_ERROR', correlationId: expect.any(String) })
    expect(JSON.stringify(answer)).not.toContain('hunter2')
    const line = server.logged.find((each) => each.includes('hunter2'))
    expect(JSON.parse(line ?? '{}')).toMatchObject({ correlationId: answer.correlationId })
  })

  it('that pass are told with their code, so that clients try again', async () => {
    const server = await startRestServer(failing(new ServiceError('EVENT_LOG_UNAVAILABLE', 'The log is away.')))
    const { status, answer } = await problem(server, path(server))
    expect({ status, code: answer.code }).toEqual({ status: 503, code: 'EVENT_LOG_UNAVAILABLE' })
  })

  it('for want of permission say which', async () => {
    const refusal = new Refusal('FORBIDDEN', 'You may not.', { permission: 'readArtifacts' })
    const server = await startRestServer(failing(refusal))
    expect(await problem(server, path(server))).toMatchObject({
      status: 403,
      answer: { code: 'FORBIDDEN', details: { permission: 'readArtifacts' } },
    })
  })

  it('before the first byte are a problem without the headers of the artifact', async () => {
    const bytes = { fileName: 'a.exe', sha256: 'ab'.repeat(32) as never, size: 10 }
    const server = await startRestServer({
      openArtifact: async () => ({
        ...bytes,
        // biome-ignore lint/correctness/useYield: it fails before it has any
        async *read() {
          throw new Error('gone')
        },
      }),
    })
    const { status, headers, bytes: body } = await get(server, path(server))
    expect(status).toBe(500)
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'INTERNAL_ERROR' })
    expect(headers.get('etag')).toBeNull()
    expect(headers.get('content-disposition')).toBeNull()
  })

  it('in mid-stream cut the connection, so that no client takes a part for the whole', async () => {
    const server = await startRestServer({
      openArtifact: async () => ({
        fileName: 'a.exe',
        sha256: 'ab'.repeat(32) as never,
        size: 2_000_000,
        async *read() {
          yield randomBytes(1_000_000)
          throw new ArtifactError('ARTIFACT_CORRUPT', 'It was cut short.')
        },
      }),
    })
    await expect(get(server, path(server))).rejects.toThrow()
  })

  it('of the client to read leave no file open', async () => {
    let closed = 0
    const server = await startRestServer({
      openArtifact: async () => ({
        fileName: 'a.exe',
        sha256: 'ab'.repeat(32) as never,
        size: 1e12,
        async *read() {
          try {
            for (;;) yield new Uint8Array(65_536)
          } finally {
            closed += 1
          }
        },
      }),
    })
    const socket = connect(server.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.write(`GET ${path(server)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\n\r\n`)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
    await until('the reading has ended', () => closed === 1)
  })
})
