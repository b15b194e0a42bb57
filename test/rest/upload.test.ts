import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type RestServer, startRestServer } from '../support/rest-server.ts'
import { until } from '../support/until.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Every file of the store but its lock, and every upload, by what it is: `stored`, `unfinished` or `registered`. */
function filesOf({ storeFolder }: RestServer): string[] {
  const kinds: Readonly<Record<string, string>> = { sha256: 'stored', scratch: 'unfinished' }
  const registry = new DatabaseSync(join(storeFolder, 'uploads', 'uploads.db'), { timeout: 5_000 })
  const registered = registry
    .prepare('SELECT id FROM uploads')
    .all()
    .map(() => 'registered')
  registry.close()
  const files = readdirSync(storeFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'))
    .map((entry) => join(entry.parentPath, entry.name).slice(storeFolder.length + 1))
    .filter((path) => !path.startsWith('uploads/'))
    .map((path) => kinds[path.split('/')[0] ?? ''] ?? path)
  return [...files, ...registered].sort()
}

type Sent = { readonly query?: string; readonly headers?: Record<string, string>; readonly body?: RequestInit['body'] }

async function upload(server: RestServer, { query = '?fileName=setup.exe', headers = {}, body = null }: Sent) {
  const response = await fetch(`${server.url}/uploads${query}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${server.token}`,
      ...(body instanceof FormData ? {} : { 'content-type': 'application/octet-stream' }),
      ...headers,
    },
    body,
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  } as RequestInit)
  return { status: response.status, headers: response.headers, answer: (await response.json()) as Answer }
}

type Answer = {
  uploadId: string
  code: string
  status: number
  errors?: Record<string, string[]>
  [key: string]: unknown
}

/** A connection that says exactly what it is told. */
async function rawConnection(server: RestServer): Promise<{ socket: Socket; answer: () => string }> {
  const socket = connect(server.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  return { socket, answer: () => text }
}

const head = (server: RestServer, ...lines: string[]) =>
  [
    'POST /uploads?fileName=setup.exe HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${server.token}`,
    ...lines,
    '',
    '',
  ].join('\r\n')

describe('POST /uploads', () => {
  it('stores the body as it is and answers with its identity', async () => {
    const server = await startRestServer()
    const bytes = randomBytes(3_000_000)
    const { status, answer } = await upload(server, { query: '?fileName=Fen%C3%AAtre%20%22x%22.exe', body: bytes })
    expect(status).toBe(201)
    expect(answer).toEqual({
      uploadId: expect.any(String),
      fileName: 'Fenêtre "x".exe',
      sha256: sha256(bytes),
      size: bytes.length,
    })
    await server.store.verify(answer.sha256 as never)
    expect(filesOf(server)).toEqual(['registered', 'stored'])
  })

  it('takes a chunked body of unknown length, and any case of the path', async () => {
    const server = await startRestServer()
    const chunks = Array.from({ length: 50 }, () => randomBytes(30_000))
    const body = Readable.toWeb(Readable.from(chunks)) as unknown as NonNullable<RequestInit['body']>
    const response = await fetch(`${server.url}/Uploads?fileName=a.exe`, {
      method: 'POST',
      headers: { authorization: `bearer ${server.token}`, 'content-type': 'application/octet-stream' },
      body,
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ sha256: sha256(Buffer.concat(chunks)), size: 1_500_000 })
  })

  it('takes a form with one file, by its own name or the one in the query', async () => {
    const server = await startRestServer()
    const bytes = new Uint8Array(randomBytes(2_000_000))
    const form = () => {
      const data = new FormData()
      data.set('file', new Blob([bytes]), 'Fenêtre 窗.exe')
      return data
    }
    expect(await upload(server, { query: '', body: form() })).toMatchObject({
      status: 201,
      answer: { fileName: 'Fenêtre 窗.exe', sha256: sha256(bytes), size: bytes.length },
    })
    expect(await upload(server, { query: `?fileName=other.exe&sha256=${sha256(bytes)}`, body: form() })).toMatchObject({
      status: 201,
      answer: { fileName: 'other.exe' },
    })
  })

  it('refuses whoever shows no good token, before the body is read', async () => {
    const server = await startRestServer()
    for (const [authorization, code] of [
      ['', 'TOKEN_MISSING'],
      ['Basic dXNlcjpwYXNz', 'TOKEN_MISSING'],
      ['Bearer', 'TOKEN_MISSING'],
      ['Bearer wrong', 'TOKEN_INVALID'],
      [`Bearer ${server.token}x`, 'TOKEN_INVALID'],
    ] as const) {
      const { status, answer, headers } = await upload(server, {
        headers: { authorization },
        body: randomBytes(2_000_000),
      })
      expect({ status, code: answer.code }).toEqual({ status: 401, code })
      expect(headers.get('www-authenticate')).toContain('Bearer')
    }
    // Nothing of the body was sent, and the answer is there.
    const { socket, answer } = await rawConnection(server)
    const lines = [
      'POST /uploads HTTP/1.1',
      'Host: x',
      'Content-Length: 5000',
      'Content-Type: application/octet-stream',
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    await until('the refusal', () => answer().includes('TOKEN_MISSING'))
    expect(answer()).toMatch(/^HTTP\/1.1 401 /)
    expect(filesOf(server)).toEqual([])
  })

  it('cuts the line of a refused client that goes on sending', async () => {
    const server = await startRestServer()
    const { socket, answer } = await rawConnection(server)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(
      'POST /uploads HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/octet-stream\r\n\r\n',
    )
    const sending = setInterval(() => socket.write('5\r\nhello\r\n'), 50)
    onTestFinished(() => clearInterval(sending))
    await until('the refusal', () => answer().includes('TOKEN_MISSING'))
    await closed
  })

  it('accepts the token of a trusted build system after the API token', async () => {
    const server = await startRestServer()
    const authorization = `Bearer ${server.token}:another-token`
    expect(await upload(server, { headers: { authorization }, body: randomBytes(10) })).toMatchObject({ status: 201 })
  })

  it('refuses an announced length above the limit before it reads, and an unannounced one as it passes', async () => {
    const server = await startRestServer({ maximumUploadSize: 100_000 })
    const { socket, answer } = await rawConnection(server)
    socket.write(head(server, 'Content-Type: application/octet-stream', 'Content-Length: 100001'))
    await until('the refusal', () => answer().includes('ARTIFACT_TOO_LARGE'))
    expect(answer()).toMatch(/^HTTP\/1.1 413 /)

    const chunks = Readable.from(Array.from({ length: 300 }, () => randomBytes(1000)))
    const body = Readable.toWeb(chunks) as unknown as NonNullable<RequestInit['body']>
    expect(await upload(server, { body })).toMatchObject({ status: 413, answer: { code: 'ARTIFACT_TOO_LARGE' } })

    const form = new FormData()
    form.set('file', new Blob([new Uint8Array(100_001)]), 'a.exe')
    expect(await upload(server, { body: form })).toMatchObject({ status: 413, answer: { code: 'ARTIFACT_TOO_LARGE' } })
    expect(filesOf(server)).toEqual([])

    const limit = new FormData()
    limit.set('file', new Blob([new Uint8Array(100_000)]), 'a.exe')
    expect(await upload(server, { body: limit })).toMatchObject({ status: 201, answer: { size: 100_000 } })
    expect(await upload(server, { body: new Uint8Array(100_000) })).toMatchObject({ status: 201 })
  })

  it('checks the digest that Content-Digest or the query announces', async () => {
    const server = await startRestServer()
    const bytes = randomBytes(100_000)
    const base64 = createHash('sha256').update(bytes).digest('base64')
    const wrong = createHash('sha256').update('other').digest('base64')
    const good: readonly Sent[] = [
      { headers: { 'content-digest': `sha-256=:${base64}:` } },
      { headers: { 'content-digest': `sha-512=:AAAA:, sha-256=:${base64}:` } },
      { headers: { 'content-digest': 'sha-512=:AAAA:' } },
      { query: `?fileName=a&sha256=${sha256(bytes).toUpperCase()}` },
      { query: `?fileName=a&sha256=${sha256(bytes)}`, headers: { 'content-digest': `sha-256=:${base64}:` } },
    ]
    for (const sent of good) expect(await upload(server, { ...sent, body: bytes })).toMatchObject({ status: 201 })
    const refused: readonly [string, Sent][] = [
      ['ARTIFACT_MISMATCH', { headers: { 'content-digest': `sha-256=:${wrong}:` } }],
      ['ARTIFACT_MISMATCH', { query: `?fileName=a&sha256=${'0'.repeat(64)}` }],
      ['DIGEST_MALFORMED', { query: '?fileName=a&sha256=abc' }],
      ['DIGEST_MALFORMED', { headers: { 'content-digest': 'sha-256=:abc:' } }],
      ['DIGEST_MALFORMED', { headers: { 'content-digest': `sha-256=${base64}` } }],
      [
        'DIGEST_MALFORMED',
        { query: `?fileName=a&sha256=${'0'.repeat(64)}`, headers: { 'content-digest': `sha-256=:${base64}:` } },
      ],
    ]
    const other = randomBytes(50_000)
    const before = filesOf(server)
    for (const [code, sent] of refused) {
      const body = code === 'ARTIFACT_MISMATCH' ? other : bytes
      expect(await upload(server, { ...sent, body })).toMatchObject({ status: 400, answer: { code } })
    }
    expect(filesOf(server)).toEqual(before)
  })

  it.each<[string, number, string, Sent]>([
    ['no file name', 400, 'FILE_NAME_MALFORMED', { query: '', body: 'x' }],
    ['a file name with directories', 400, 'FILE_NAME_MALFORMED', { query: '?fileName=..%2Fx', body: 'x' }],
    ['a file name with a control character', 400, 'FILE_NAME_MALFORMED', { query: '?fileName=a%00b', body: 'x' }],
    ['a file name that is not UTF-8', 400, 'REQUEST_MALFORMED', { query: '?fileName=%ff.exe', body: 'x' }],
    ['a file name that ends within a character', 400, 'REQUEST_MALFORMED', { query: '?fileName=a%c3', body: 'x' }],
    ['a name that is not encoded', 400, 'REQUEST_MALFORMED', { query: '?fileName=100%.exe', body: 'x' }],
    ['two file names', 400, 'INPUT_MALFORMED', { query: '?fileName=a&fileName=b', body: 'x' }],
    ['a parameter that is not known', 400, 'INPUT_MALFORMED', { query: '?fileName=a&sha265=00', body: 'x' }],
    ['no bytes', 400, 'UPLOAD_EMPTY', { body: '' }],
    ['another content type', 415, 'CONTENT_TYPE_UNSUPPORTED', { headers: { 'content-type': 'text/plain' }, body: 'x' }],
    ['JSON', 415, 'CONTENT_TYPE_UNSUPPORTED', { headers: { 'content-type': 'application/json' }, body: '{' }],
    ['a compressed body', 415, 'CONTENT_ENCODING_UNSUPPORTED', { headers: { 'content-encoding': 'gzip' }, body: 'x' }],
    [
      'a form without a boundary',
      400,
      'MULTIPART_MALFORMED',
      { headers: { 'content-type': 'multipart/form-data' }, body: 'x' },
    ],
    [
      'a form that is none',
      400,
      'MULTIPART_MALFORMED',
      { headers: { 'content-type': 'multipart/form-data; boundary=b' }, body: 'nothing of the kind' },
    ],
    [
      'an empty form',
      400,
      'MULTIPART_MALFORMED',
      { headers: { 'content-type': 'multipart/form-data; boundary=b' }, body: '--b--\r\n' },
    ],
  ])('refuses %s', async (_, status, code, sent) => {
    const server = await startRestServer()
    const { answer, ...response } = await upload(server, sent)
    expect({ status: response.status, code: answer.code, type: response.headers.get('content-type') }).toEqual({
      status,
      code,
      type: expect.stringMatching(/^application\/json/),
    })
    expect(answer).toMatchObject({ status, title: expect.any(String), detail: expect.any(String), type: 'about:blank' })
    expect(filesOf(server)).toEqual([])
  })

  it('refuses a form with two files, with another field, or that ends early, and keeps nothing of it', async () => {
    const server = await startRestServer()
    const two = new FormData()
    two.set('a', new Blob(['1']), 'a.exe')
    two.set('b', new Blob(['2']), 'b.exe')
    const fieldFirst = new FormData()
    fieldFirst.set('comment', 'hello')
    fieldFirst.set('b', new Blob(['2']), 'b.exe')
    const fieldLast = new FormData()
    fieldLast.set('b', new Blob(['2']), 'b.exe')
    fieldLast.set('comment', 'hello')
    for (const body of [two, fieldFirst, fieldLast])
      expect(await upload(server, { body })).toMatchObject({ status: 400, answer: { code: 'MULTIPART_MALFORMED' } })
    const cut = '--b\r\nContent-Disposition: form-data; name="f"; filename="a.exe"\r\n\r\nbytes without an end'
    const headers = { 'content-type': 'multipart/form-data; boundary=b' }
    const { status, answer } = await upload(server, { headers, body: cut })
    expect(status).toBe(400)
    expect(answer.code).toMatch(/^(MULTIPART_MALFORMED|UPLOAD_INCOMPLETE)$/)
    expect(filesOf(server)).toEqual([])
  })

  it.each([
    ['a body of announced length', ['Content-Type: application/octet-stream', 'Content-Length: 5000000'], ''],
    ['a chunked body', ['Content-Type: application/octet-stream', 'Transfer-Encoding: chunked'], '200000\r\n'],
    [
      'a form',
      ['Content-Type: multipart/form-data; boundary=b', 'Content-Length: 5000000'],
      '--b\r\nContent-Disposition: form-data; name="f"; filename="a.exe"\r\n\r\n',
    ],
  ])('keeps nothing of %s when the client goes away, and serves the next', async (_, headers, prefix) => {
    const server = await startRestServer()
    const { socket } = await rawConnection(server)
    socket.write(head(server, ...headers))
    socket.write(prefix)
    socket.write(randomBytes(1_000_000))
    await until('the upload is under way', () => filesOf(server).includes('unfinished'))
    socket.destroy()
    await until('nothing is left', () => filesOf(server).length === 0)
    expect(await upload(server, { body: randomBytes(10) })).toMatchObject({ status: 201 })
  })
})
