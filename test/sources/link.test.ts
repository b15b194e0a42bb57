import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openFolderStore } from '../../artifacts/index.ts'
import type {
  Link,
  OrganizationId,
  ProjectId,
  Sha256Digest,
  SigningRequestId,
  Submission,
  UserId,
} from '../../domain/index.ts'
import { createSources } from '../../sources/index.ts'
import { answeringServer } from '../support/answering-server.ts'
import { testLinkSource, testSecrets } from '../support/link-source.ts'
import { aSubmission } from '../support/submission.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const context = {
  organizationId: randomUUID() as OrganizationId,
  userId: randomUUID() as UserId,
  projectId: randomUUID() as ProjectId,
}
const bytes = Buffer.alloc(300_000, 'artifact ')
const sha256 = createHash('sha256').update(bytes).digest('hex') as Sha256Digest
const canary = 'canary-4711'

/** A registry with links, and a server that answers as the test says. */
async function opened(answer: RequestListener, options: Parameters<typeof testLinkSource>[0] = {}, limit?: number) {
  const server = await answeringServer(answer)
  const store = await openFolderStore({ path: temporaryFolder(), maximumSize: 1_000_000 })
  const secrets = options?.secrets ?? testSecrets()
  const sources = createSources({
    kinds: [testLinkSource({ ...options, secrets })],
    limits: limit === undefined ? {} : { link: limit },
    store,
  })
  const link = { kind: 'link', url: `${server.url}/build/setup.exe`, fileName: 'setup.exe' }
  /** Submits as a use case does, and gives the request. */
  async function submitted(more: object = {}): Promise<Submission> {
    const said = { ...link, ...more }
    const source = await sources.keepSecrets(await sources.check(said, context), said, context)
    const { organizationId } = context
    return aSubmission({ signingRequestId: randomUUID() as SigningRequestId, organizationId, source })
  }
  return { server, store, secrets, sources, link, submitted }
}

describe('a link', () => {
  test('is fetched with its query and headers, of which the log holds the names only', async () => {
    const { server, sources, submitted, store } = await opened((_, response) => response.end(bytes))
    const headers = { Authorization: `Bearer ${canary}`, 'X-Token': canary }
    const request = await submitted({ url: `${server.url}/build/setup.exe?signature=${canary}#part`, headers })
    expect(JSON.stringify(request)).not.toContain(canary)
    expect(request.source).toMatchObject({
      kind: 'link',
      fileName: 'setup.exe',
      sha256: null,
      size: null,
      isAtHand: false,
      details: { url: `${server.url}/build/setup.exe`, headerNames: ['Authorization', 'X-Token'] },
    })
    expect(await sources.retrieve(request)).toEqual({ fileName: 'setup.exe', sha256, size: bytes.length })
    expect(await store.has(sha256)).toBe(true)
    expect(server.asked).toMatchObject([
      {
        method: 'GET',
        url: `/build/setup.exe?signature=${canary}`,
        headers: { authorization: `Bearer ${canary}`, 'x-token': canary },
      },
    ])
    expect(sources.describe(request.source)).toEqual({
      link: `${server.url}/build/setup.exe`,
      headers: 'Authorization, X-Token',
    })
  })

  test('has its secrets removed when it is retrieved or over, and none when it has nothing secret', async () => {
    const { secrets, sources, submitted } = await opened((_, response) => response.end(bytes))
    expect((await submitted()).source.secretsId).toBeNull()
    const request = await submitted({ headers: { authorization: canary } })
    const place = { organizationId: context.organizationId, purpose: 'link', id: String(request.source.secretsId) }
    expect(String(await secrets.get(place))).toContain(canary)
    await sources.finished({ ...request, artifact: null })
    await sources.finished({ ...request, artifact: null })
    expect(await secrets.get(place)).toBeUndefined()
    await expect(sources.retrieve(request)).rejects.toMatchObject({ code: 'LINK_SECRETS_GONE' })
  })

  test('that is submitted again is the same, whatever its secrets and time are', async () => {
    const { sources, submitted, link } = await opened((_, response) => response.end(bytes))
    const first = await submitted({ url: `${link.url}?signature=1`, headers: { authorization: 'a' } })
    const again = await sources.check(
      { ...link, url: `${link.url}?signature=2`, headers: { authorization: 'b' } },
      context,
    )
    expect(sources.chosen(again)).toEqual(sources.chosen(first.source))
    expect(sources.chosen(await sources.check({ ...link, fileName: 'x.exe' }, context))).not.toEqual(
      sources.chosen(first.source),
    )
  })

  test.each([
    ['an address that may not be called', { url: 'http://169.254.169.254/latest' }, 'OUTGOING_ADDRESS_REFUSED'],
    ['user and password', { url: `http://user:${canary}@127.0.0.1/` }, 'OUTGOING_URL_INVALID'],
    ['no address', { url: canary }, 'OUTGOING_URL_INVALID'],
    ['a header that breaks the line', { headers: { authorization: `${canary}\r\nx: y` } }, 'OUTGOING_HEADER_INVALID'],
    ['a header that is ours', { headers: { Host: canary } }, 'OUTGOING_HEADER_INVALID'],
    ['a name with folders', { fileName: '../setup.exe' }, 'FILE_NAME_MALFORMED'],
    ['no digest', { sha256: 'abc' }, 'DIGEST_MALFORMED'],
    ['no name', { fileName: undefined }, 'SOURCE_MALFORMED'],
    ['headers of another form', { headers: { authorization: 7 } }, 'SOURCE_MALFORMED'],
  ])('is refused with %s, and keeps nothing', async (_, more, code) => {
    const { submitted } = await opened((__, response) => response.end(bytes))
    const error = await submitted(more).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code })
    expect(`${error}${JSON.stringify(error)}`).not.toContain(canary)
  })
})

describe('what a link gives', () => {
  const answering = (
    status: number,
    headers: Record<string, string> = {},
    body: Uint8Array = bytes,
  ): RequestListener => {
    return (_, response) => response.writeHead(status, headers).end(body)
  }

  test.each([
    ['not found', answering(404), {}, 'LINK_REFUSED', false],
    ['forbidden', answering(403), {}, 'LINK_REFUSED', false],
    ['no content', answering(204), {}, 'LINK_REFUSED', false],
    ['away', answering(503, { 'retry-after': '7' }), {}, 'LINK_UNAVAILABLE', true],
    ['busy', answering(429), {}, 'LINK_UNAVAILABLE', true],
    ['packed', answering(200, { 'content-encoding': 'gzip' }, gzipSync(bytes)), {}, 'OUTGOING_ANSWER_ENCODED', false],
    ['another file', answering(200, {}, Buffer.from('x')), { sha256 }, 'ARTIFACT_NOT_AS_ANNOUNCED', undefined],
    ['a loop', answering(302, { location: '/' }), {}, 'OUTGOING_REDIRECT_REFUSED', false],
    ['the inside', answering(302, { location: 'http://[::1]/' }), {}, 'OUTGOING_ADDRESS_REFUSED', false],
  ] as const)('is not taken when it is %s', async (_, answer, more, code, passes) => {
    const { sources, submitted, store } = await opened(answer)
    const error = await sources
      .retrieve(await submitted({ headers: { authorization: canary }, ...more }))
      .catch((e: unknown) => e)
    expect(error).toMatchObject({ code })
    if (passes !== undefined) expect((error as { transient?: boolean }).transient ?? false).toBe(passes)
    expect(`${error}${JSON.stringify(error)}`).not.toContain(canary)
    expect(await store.has(sha256)).toBe(false)
  })

  test('says how long it wants to be left alone', async () => {
    const { sources, submitted } = await opened(answering(503, { 'retry-after': '7' }))
    await expect(sources.retrieve(await submitted())).rejects.toMatchObject({ retryAfterMs: 7_000 })
    const later = await opened(answering(503, { 'retry-after': '99999999' }))
    await expect(later.sources.retrieve(await later.submitted())).rejects.toMatchObject({ retryAfterMs: 3_600_000 })
  })

  test.each([
    ['says its length', (length: number) => ({ 'content-length': String(length) })],
    ['does not', () => ({})],
  ])('is no larger than the limit, whether it %s', async (_, headersOf) => {
    const { sources, submitted, store } = await opened(
      (__, response) => response.writeHead(200, headersOf(bytes.length)).end(bytes),
      {},
      bytes.length - 1,
    )
    await expect(sources.retrieve(await submitted())).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE' })
    expect(await store.has(sha256)).toBe(false)
  })

  test('is not taken when it was cut, nor when nobody could tell', async () => {
    const cut = await opened((_, response) => {
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 100_000), () => {
        response.destroy()
      })
    })
    await expect(cut.sources.retrieve(await cut.submitted())).rejects.toMatchObject({ code: 'OUTGOING_INTERRUPTED' })
    for (const header of ['Connection: close', 'Transfer-Encoding: identity']) {
      const unclear = await opened((request, response) => {
        request.socket.end(`HTTP/1.1 200 OK\r\n${header}\r\n\r\nhalf of it`)
        response.detachSocket(request.socket)
      })
      await expect(unclear.sources.retrieve(await unclear.submitted())).rejects.toMatchObject({
        code: 'LINK_LENGTH_UNKNOWN',
      })
      const half = createHash('sha256').update('half of it').digest('hex')
      expect(await unclear.sources.retrieve(await unclear.submitted({ sha256: half }))).toMatchObject({ size: 10 })
    }
  })

  test('holds no connection when the store takes nothing', async () => {
    let closed: Promise<unknown> | undefined
    const { submitted } = await opened((_, response) => {
      closed = once(response, 'close')
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 100))
    })
    const request = await submitted()
    const put = () => Promise.reject(new Error('no room'))
    const retrieval = { request, put, maximumSize: bytes.length }
    const source = testLinkSource({ idleMs: 3_600_000 })
    await expect(source.retrieve(request.source as Link, retrieval)).rejects.toThrow('no room')
    await closed
  })

  test('that stops coming passes, and ends the request when the link was tried long enough', async () => {
    let now = '2026-03-01T12:00:00.000Z'
    const options = { idleMs: 20, now: () => now, limits: { lifetimeMs: 3_600_000 } }
    const { sources, submitted } = await opened((_, response) => void response.writeHead(200).write('begin'), options)
    const request = await submitted()
    await expect(sources.retrieve(request)).rejects.toMatchObject({ code: 'OUTGOING_TIMED_OUT', transient: true })
    now = '2026-03-01T13:00:00.000Z'
    await expect(sources.retrieve(request)).rejects.toMatchObject({ code: 'LINK_UNANSWERED' })
  })

  test('is still taken after that time, and what is away of the service ends no request', async () => {
    let now = '2026-03-01T12:00:00.000Z'
    const secrets = testSecrets(() => now)
    const { sources, submitted } = await opened(answering(200), { now: () => now, secrets })
    const request = await submitted({ headers: { authorization: canary } })
    now = '2026-03-03T12:00:00.000Z'
    expect(await sources.retrieve(request)).toMatchObject({ sha256 })
    await secrets.close()
    await expect(sources.retrieve(request)).rejects.toMatchObject({ code: 'SECRETS_UNAVAILABLE' })
  })

  test('is called off with the signal', async () => {
    const { sources, submitted } = await opened((_, response) => void response.writeHead(200).write('begin'))
    const calling = new AbortController()
    const reason = new Error('called off')
    const retrieving = sources.retrieve(await submitted(), {
      signal: calling.signal,
      progress: () => calling.abort(reason),
    })
    await expect(retrieving).rejects.toBe(reason)
  })
})
