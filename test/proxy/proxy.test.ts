import { execFile, spawn } from 'node:child_process'
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request, type Server } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as requestChanges from '../../cli/documents/request-changes.ts'
import * as requests from '../../cli/documents/requests.ts'
import { nodeStatementHeader, verifyNodeStatement } from '../../domain/index.ts'
import type { NodeCertificate } from '../support/node-authority.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { buildSystem, serviceOf, startTestProxy, type TestProxy, urlOf } from '../support/test-proxy.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)
const folder = suiteFolder()
const organization = '/Api/v1/0b7f1a53-5c3c-4d2c-9d2b-0f6a1c1f2a33'
const info = '/Api/v1/Meta/SystemInfo'
const bearer = { authorization: 'Bearer csa_of_ci' }

/** What the service was asked. */
type Arrived = {
  readonly method?: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}
const arrived: Arrived[] = []
/** Serves one request otherwise than usual. */
let otherwise: ((request: IncomingMessage, response: ServerResponse) => void) | undefined

let at: TestProxy
let node: NodeCertificate
let service: Server
beforeAll(async () => {
  at = await startTestProxy(folder, async (authority) => {
    service = await serviceOf(authority, async (request, response) => {
      if (otherwise !== undefined) return otherwise(request, response)
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      const { method = '', url = '', headers } = request
      arrived.push({ method, url, headers, body: Buffer.concat(parts) })
      response
        .writeHead(201, { location: `${urlOf(service)}/there?x=1`, 'set-cookie': 'a=b', etag: '"1"' })
        .end(`answer to ${url}`)
    })
    return urlOf(service)
  })
  node = await at.issuing.issue('build-01')
})
afterAll(async () => {
  await at.proxy.close()
  service.close()
})

describe('a node with a right certificate', () => {
  it.each([['1.2'], ['1.3']])(
    'is passed on by TLS %s, with the token, and with a statement that only the proxy makes',
    async (version) => {
      const forged = 'a.b.c'
      const { stdout } = await curl(
        ...[
          `--tlsv${version}`,
          '--tls-max',
          version,
          '-H',
          `Countersign-Node-Statement: ${forged}`,
          '-H',
          'Client-Cert: :AA==:',
        ],
        ...['-H', 'X-Forwarded-For: 10.0.0.1', '-H', `Authorization: ${bearer.authorization}`, url(`${info}?a=b`)],
      )
      expect(stdout).toBe(`answer to ${info}?a=b`)
      const { headers, method, url: target } = last()
      expect(headers).toMatchObject({
        authorization: `${bearer.authorization}:${buildSystem.token}`,
        'user-agent': expect.stringMatching(/^curl/),
      })
      expect(Object.keys(headers).sort()).toEqual(
        ['accept', 'authorization', 'connection', nodeStatementHeader, 'host', 'user-agent'].sort(),
      )
      const stated = verifyNodeStatement(
        String(headers[nodeStatementHeader]),
        {
          trustedBuildSystemId: buildSystem.id,
          method: method ?? '',
          target,
          bodySha256: null,
          at: new Date().toISOString(),
        },
        [at.proxy.statementKey],
        (key, bytes, signature) =>
          verify(
            null,
            bytes,
            createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' }),
            signature,
          ),
      )
      expect(stated.node).toMatchObject({ subject: 'CN=build-01,OU=Build nodes,DC=corp,DC=example', ruleSet: 'build' })
    },
  )

  it('sees no token, no cookie, and is led back to the proxy', async () => {
    const answer = await at.ask(await at.agentOf(node), info, { headers: bearer })
    expect(answer).toMatchObject({
      status: 201,
      headers: { location: `https://127.0.0.1:${at.proxy.port}/there?x=1`, etag: '"1"' },
    })
    expect(answer.headers).not.toHaveProperty('set-cookie')
    expect(JSON.stringify(at.lines())).not.toContain(buildSystem.token.slice(4))
  })

  it('may not bring a token of a trusted build system itself', async () => {
    const before = arrived.length
    const answer = await at.ask(await at.agentOf(node), info, {
      headers: { authorization: 'Bearer csa_of_ci:csb_own' },
    })
    expect([answer.status, codeOf(answer.body)]).toEqual([400, 'PROXY_TOKEN_FORBIDDEN'])
    expect(arrived).toHaveLength(before)
  })

  it.each([
    ['GET', '/'],
    ['GET', '/health/ready'],
    ['POST', `${organization}/SigningRequests/1/Approve`],
    ['DELETE', `${organization}/SigningRequests/1`],
    ['POST', `${organization}/TrustedBuildSystems/1/RotateToken`],
    ['GET', `${organization}/SigningRequests/1/../../Users`],
    ['GET', `${organization}/SigningRequests/%2e%2e`],
    ['GET', `${organization}//SigningRequests/1`],
    ['GET', `${organization}/SigningRequests/..`],
    ['GET', `${info}?LONG`],
  ])('may not ask for anything else: %s %s', async (method, path) => {
    const before = arrived.length
    const target = path.replace('LONG', 'a'.repeat(2_048))
    const answer = await at.ask(await at.agentOf(node), target, { method, headers: bearer })
    expect([answer.status, codeOf(answer.body), arrived.length]).toEqual([404, 'PROXY_PATH_FORBIDDEN', before])
  })

  it('may submit, look, download and upload', async () => {
    const agent = await at.agentOf(node)
    for (const [method, path] of [
      ['POST', `${organization}/SigningRequests`],
      ['POST', `${organization.toUpperCase()}/signingrequests/SubmitWithoutArtifact/`],
      ['GET', `${organization}/SigningRequests/1/Status`],
      ['GET', `${organization}/SigningRequests/1/SignedArtifact`],
      ['POST', `${organization}/SigningRequests/1/UnsignedArtifact`],
      ['POST', '/uploads?fileName=a%20b.exe'],
    ] as const) {
      expect(await at.ask(agent, path, { method, headers: bearer })).toMatchObject({ status: 201 })
      expect(last()).toMatchObject({ method, url: path })
    }
  })

  it('asks by GraphQL for what the command line signs by, and for nothing else', async () => {
    const agent = await at.agentOf(node)
    const ask = (body: string) =>
      at.ask(agent, '/graphql', { method: 'POST', headers: { ...bearer, 'content-type': 'application/json' }, body })
    const { canSubmit, submitRequest } = requestChanges
    for (const query of [
      canSubmit,
      submitRequest,
      requests.requestWithEvents,
      requests.oneRequest,
      requests.requestByKey,
      requests.requestChanges,
    ]) {
      expect(await ask(JSON.stringify({ query, variables: { id: '1' } }))).toMatchObject({ status: 201 })
      expect(JSON.parse(String(last().body))).toEqual({ query, variables: { id: '1' } })
    }
    const before = arrived.length
    for (const [query, code] of [
      [requestChanges.approveRequest, 'PROXY_OPERATION_FORBIDDEN'],
      [requests.listRequests, 'PROXY_OPERATION_FORBIDDEN'],
      ['{ signingRequest(id: 1) { status } users { nodes { name } } }', 'PROXY_OPERATION_FORBIDDEN'],
      ['{ signingRequest: users { nodes { name } } }', 'PROXY_OPERATION_FORBIDDEN'],
      ['query { ...All } fragment All on Query { users { nodes { name } } }', 'PROXY_OPERATION_FORBIDDEN'],
      ['query A { canSubmit { refusal } } mutation B { createUser { id } }', 'PROXY_OPERATION_FORBIDDEN'],
      ['{ __schema { types { name } } }', 'PROXY_OPERATION_FORBIDDEN'],
      ['{', 'PROXY_REQUEST_MALFORMED'],
    ])
      expect(codeOf((await ask(JSON.stringify({ query }))).body)).toBe(code)
    expect(codeOf((await ask(JSON.stringify([{ query: requests.oneRequest }]))).body)).toBe('PROXY_REQUEST_MALFORMED')
    expect(codeOf((await ask(' '.repeat(1024 * 1024 + 1))).body)).toBe('PROXY_BODY_TOO_LARGE')
    expect(arrived).toHaveLength(before)
    const twice = `{"query":${JSON.stringify('{ users { nodes { name } } }')},"query":${JSON.stringify(requests.oneRequest)}}`
    expect(await ask(twice)).toMatchObject({ status: 201 })
    expect(String(last().body)).not.toContain('users')
  })

  it('that leaves within a GraphQL request is no fault of the proxy', async () => {
    const call = request({
      ...{ host: '127.0.0.1', port: at.proxy.port, path: '/graphql', method: 'POST', agent: await at.agentOf(node) },
      headers: { ...bearer, 'content-type': 'application/json', 'content-length': 100, expect: '100-continue' },
    }).on('error', () => undefined)
    call.flushHeaders()
    await once(call, 'continue')
    const before = at.lines().length
    call.destroy()
    const since = () => at.lines().slice(before)
    await until('it is logged', () => since().some(({ path }) => path === '/graphql'))
    expect(since().map(({ code }) => code)).not.toContain('HANDLER_FAILED')
  })

  it('uploads by curl, which asks first, and the bytes arrive as they are', async () => {
    const bytes = randomBytes(3_000_000)
    await at.write('upload.bin', bytes.toString('base64'))
    const sent = Buffer.from(bytes.toString('base64'))
    const digest = createHash('sha256').update(sent).digest('base64')
    const { stdout } = await curl(
      ...['--data-binary', `@${join(folder, 'upload.bin')}`, '-H', 'Content-Type: application/octet-stream'],
      ...[
        '-H',
        `Content-Digest: sha-256=:${digest}:`,
        '-H',
        `Authorization: ${bearer.authorization}`,
        url('/uploads?fileName=a'),
      ],
    )
    expect(stdout).toBe('answer to /uploads?fileName=a')
    expect(last().body.equals(sent)).toBe(true)
    expect(last().headers['content-length']).toBe(String(sent.length))
    const payload = String(last().headers[nodeStatementHeader]).split('.')[1] ?? ''
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString()).bodySha256).toBe(
      Buffer.from(digest, 'base64').toString('hex'),
    )
  })

  it('reads the answer that the service gives before it took everything', async () => {
    await during(
      // As the service does: what still comes is thrown away for a moment, since a reset would take the answer with it.
      (request, response) => response.writeHead(413).end('too large', () => request.resume()),
      async () => {
        const { stdout } = await curl(
          '-X',
          'POST',
          '--data-binary',
          `@${join(folder, 'upload.bin')}`,
          '-H',
          'Expect:',
          url('/uploads?fileName=a'),
        )
        expect(stdout).toBe('too large')
      },
    )
  })

  it('is not passed on when the service breaks off, or answers with two lengths', async () => {
    const agent = await at.agentOf(node)
    for (const raw of [
      '',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 2\r\n\r\nab',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ])
      await during(
        (request) => request.socket.end(raw),
        async () => {
          const answer = await at.ask(agent, info)
          expect([answer.status, codeOf(answer.body)]).toEqual([502, 'PROXY_SERVICE_UNAVAILABLE'])
        },
      )
    expect(await at.ask(agent, info)).toMatchObject({ status: 201 })
  })
})

describe('a request that can be read in two ways', () => {
  it.each([
    ['two lengths', 'Content-Length: 1\r\ncontent-length: 2\r\n'],
    ['the same length twice', 'Content-Length: 1\r\ncontent-length: 1\r\n'],
    ['a length and chunks', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n'],
    ['an odd length', 'Content-Length: +1\r\n'],
    ['another coding', 'Transfer-Encoding: gzip, chunked\r\n'],
    ['two hosts', 'Host: elsewhere\r\n'],
    ['two tokens', 'Authorization: Bearer a\r\nauthorization: Bearer b\r\n'],
  ])('is refused: %s', async (_, headers) => {
    const before = arrived.length
    const answer = await raw(`POST /uploads?fileName=a HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\na`)
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(arrived).toHaveLength(before)
  })
})

describe('a connection', () => {
  it.each([['-tls1_2'], ['-tls1_3']])('is never resumed (%s)', async (version) => {
    const session = join(folder, `session${version}`)
    const first = await sClient(
      [version, '-sess_out', session],
      `GET ${info} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
    )
    expect(first).toMatch(/HTTP\/1.1 201/)
    // Where no ticket was given there is nothing to come back with.
    const again = await sClient(
      [version, '-sess_in', session],
      `GET ${info} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
    ).catch((error: Error) => error.message)
    expect(again).not.toMatch(/Reused, /)
  })

  it('is not renegotiated', async () => {
    const said = await sClient(['-tls1_2'], 'R\n')
    expect(said).toMatch(/no renegotiation/i)
    expect(await at.ask(await at.agentOf(node), info)).toMatchObject({ status: 201 })
  })

  it('to a hostile name ends no process', async () => {
    for (const name of ['a'.repeat(255), '..', '*', 'a\u0000b', '[::1]', 'xn--', 'PROXY.example.com.'])
      await sClient(['-servername', name], `GET ${info} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`).catch(
        () => undefined,
      )
    expect(await at.ask(await at.agentOf(node), info)).toMatchObject({ status: 201 })
  })

  it('to one name does not serve another', async () => {
    const agent = await at.agentOf(node, { servername: 'proxy.example.com' })
    expect(await at.ask(agent, info, { headers: { host: 'other.example.com' } })).toMatchObject({ status: 403 })
    expect(await at.ask(agent, info, { headers: { host: 'PROXY.example.com:8443' } })).toMatchObject({ status: 201 })
  })
})

function url(path: string): string {
  return `https://127.0.0.1:${at.proxy.port}${path}`
}

function curl(...args: readonly string[]) {
  const { certificateFile, keyFile } = node
  return run('curl', [
    '-sS',
    '--max-time',
    '20',
    '--cacert',
    at.authorityFile,
    '--cert',
    certificateFile,
    '--key',
    keyFile,
    ...args,
  ])
}

/** Runs `openssl s_client` with the node's certificate; answers with all that it prints. */
async function sClient(args: readonly string[], input: string): Promise<string> {
  const { certificateFile, keyFile } = node
  const client = spawn(
    'openssl',
    [
      's_client',
      '-connect',
      `127.0.0.1:${at.proxy.port}`,
      '-CAfile',
      at.authorityFile,
      '-cert',
      certificateFile,
      '-key',
      keyFile,
      ...args,
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  const timer = setTimeout(() => client.kill(), 10_000)
  client.stdin.on('error', () => undefined)
  client.stdin.write(input)
  const [out, error] = await Promise.all([text(client.stdout), text(client.stderr)])
  clearTimeout(timer)
  return out + error
}

/** Writes what no client of HTTP would write, and answers with what comes back. */
async function raw(request: string): Promise<string> {
  const agent = await at.agentOf(node)
  const { cert, key, ca } = agent.options as { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer }
  const socket = connect({ host: '127.0.0.1', port: at.proxy.port, cert, key, ca })
  socket.on('error', () => undefined)
  socket.write(request)
  return text(socket).catch(() => '')
}

async function during(serve: NonNullable<typeof otherwise>, act: () => Promise<void>): Promise<void> {
  otherwise = serve
  try {
    await act()
  } finally {
    otherwise = undefined
  }
}

function last(): Arrived {
  const found = arrived.at(-1)
  if (found === undefined) throw new Error('nothing arrived')
  return found
}

function codeOf(body: string): unknown {
  return JSON.parse(body).code
}
