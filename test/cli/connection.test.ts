import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { useCommandLine } from '../support/command-line.ts'
import { countersign } from '../support/service-processes.ts'

const at = useCommandLine()

function list(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return at.countersign(['project', 'list', ...args], { environment })
}

function writeCredentials(url: string, name = 'credentials.json') {
  const users = { ci: { token: 'token-of-ci' }, 'approver-1': { token: 'token-of-approver-1' } }
  writeFileSync(join(at.folder, name), JSON.stringify({ url, organizationId: 'x', users }))
}

describe('server and token', () => {
  it('come from options above the environment', async () => {
    const ran = await list(['--url', at.service.url, '--token', 'token-of-ci'], {
      COUNTERSIGN_URL: 'http://127.0.0.1:9',
      COUNTERSIGN_TOKEN: 'wrong',
    })
    expect(ran).toMatchObject({ code: 0 })
  })

  it('come from a token file, line break and all', async () => {
    writeFileSync(join(at.folder, 'token'), 'token-of-ci\n')
    const environment = { COUNTERSIGN_URL: at.service.url, COUNTERSIGN_TOKEN_FILE: 'token' }
    expect(await list([], environment)).toMatchObject({ code: 0 })
    const missing = await list([], { ...environment, COUNTERSIGN_TOKEN_FILE: 'missing' })
    expect(missing).toMatchObject({ code: 2 })
    expect(missing.stderr).toContain('COUNTERSIGN_TOKEN_FILE names missing')
  })

  it("come from the embedded service's files, as ci unless somebody is named", async () => {
    writeCredentials(at.service.url)
    const environment = { COUNTERSIGN_DATA: at.folder }
    expect(await list([], environment)).toMatchObject({ code: 0 })
    expect(await list(['--as', 'approver-1'], environment)).toMatchObject({ code: 0 })
    const unknown = await list(['--as', 'nobody'], environment)
    expect(unknown).toMatchObject({ code: 2 })
    expect(unknown.stderr).toContain('error: USER_UNKNOWN: ')
    expect(unknown.stderr).toContain('It has: ci, approver-1.')
  })

  it('have no default for decisions of people', async () => {
    writeCredentials(at.service.url)
    for (const command of ['approve', 'deny']) {
      const { signingRequestId } = at.service.add()
      const environment = { COUNTERSIGN_DATA: at.folder }
      const ran = await at.countersign(['request', command, signingRequestId], { environment, answers: ['y'] })
      expect(ran).toMatchObject({ code: 7 })
      expect(ran.stderr).toContain('Give --as with one of: ci, approver-1')
    }
    expect(at.service.calls).toEqual([])
  })

  it('never go from the credentials file to another server', async () => {
    writeCredentials('http://127.0.0.1:9')
    for (const as of [[], ['--as', 'ci']]) {
      const ran = await list(['--url', at.service.url, ...as], { COUNTERSIGN_DATA: at.folder })
      expect(ran).toMatchObject({ code: 7 })
      expect(ran.stderr).toContain('are for http://127.0.0.1:9, not for')
    }
    expect(at.service.calls).toEqual([])
  })

  it.each([
    ['not a url', 'URL_MALFORMED'],
    ['ftp://example.com', 'URL_MALFORMED'],
    ['http://user:secret@example.com', 'URL_MALFORMED'],
    ['http://example.com/?x=1', 'URL_MALFORMED'],
  ])('refuse the URL %s', async (url, code) => {
    const ran = await list(['--url', url, '--token', 'token-of-ci'])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(`error: ${code}: `)
    expect(ran.stderr).not.toContain('secret')
  })

  it('warn when the token can be read on the way', async () => {
    const ran = await list(['--url', 'http://countersign.invalid', '--token', 'token-of-ci', '--json'])
    expect(ran.code).toBe(8)
    const [warning, error] = ran.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(warning).toEqual({ warning: 'the API token travels unencrypted to http://countersign.invalid; use https.' })
    expect(error).toMatchObject({ error: { code: 'SERVER_UNREACHABLE' } })
  })

  it('are missing with words about where to put them', async () => {
    expect((await list([])).stderr).toContain('error: SERVER_UNKNOWN: ')
    const ran = await list(['--url', at.service.url])
    expect(ran).toMatchObject({ code: 7 })
    expect(ran.stderr).toContain('COUNTERSIGN_TOKEN')
  })

  it('do not quote a broken credentials file', async () => {
    writeFileSync(join(at.folder, 'credentials.json'), '{"users": {"ci": {"token": "secret-token"')
    const ran = await list([], { COUNTERSIGN_DATA: at.folder })
    expect(ran).toMatchObject({ code: 2 })
    expect(ran.stderr).toContain('error: CREDENTIALS_UNREADABLE: ')
    expect(ran.stderr).not.toContain('secret')
  })
})

describe('tokens', () => {
  it.each([
    [['project', 'list', '--tokn', 'secret-token', '--token=secret-token']],
    [['project', '--token=secret-token', 'list']],
    [['--token', 'secret-token', 'project', 'list']],
    [['project', 'list', '--token', 'secret-token\nwith-line']],
    [['project', 'list', '--token', 'secret-tökén']],
    [['project', 'list', '--token', 'secret-token']],
  ])('are never printed: %j', async (args) => {
    const { code, stdout, stderr } = await at.countersign(args, { environment: { COUNTERSIGN_URL: at.service.url } })
    expect(code).not.toBe(0)
    expect(stdout + stderr.replace('--tokn', '')).not.toMatch(/secret-t/)
  })

  it('that the service does not accept end with a code of their own', async () => {
    const ran = await list(['--url', at.service.url, '--token', 'wrong'])
    expect(ran).toMatchObject({ code: 7 })
    expect(ran.stderr).toContain('error: TOKEN_INVALID: The API token is not known.')
  })
})

describe('what answers', () => {
  const connection = () => ['--url', at.service.url, '--token', 'token-of-ci']

  it('is nobody', async () => {
    await at.service.stop()
    const ran = await list(connection())
    expect(ran).toMatchObject({ code: 8, stdout: '' })
    expect(ran.stderr).toContain('nothing listens there (connection refused)')
  })

  it('is a proxy that does not let it through', async () => {
    const proxy = createServer().on('connect', (_, socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void proxy.close())
    const { port } = proxy.address() as AddressInfo
    const environment = { COUNTERSIGN_TOKEN: 'x', NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: `http://127.0.0.1:${port}` }
    const ran = await countersign(['project', 'list', '--url', 'https://example.invalid'], environment).done
    expect(ran).toMatchObject({ code: 8, stdout: '' })
    expect(ran.stderr).toContain('a proxy on the way (HTTPS_PROXY) did not let it through')
  })

  it.each([
    [200, 'text/html', '<h1>Welcome</h1>', 2, 'ANSWER_UNEXPECTED'],
    [404, 'text/plain', 'Not Found', 2, 'ANSWER_UNEXPECTED'],
    [200, 'application/json', '{', 1, 'ANSWER_UNEXPECTED'],
    [200, 'application/json', '{}', 2, 'ANSWER_UNEXPECTED'],
    [200, 'application/json', '{"data":{}}', 1, 'ANSWER_UNEXPECTED'],
    [200, 'application/json', '{"data":"text"}', 1, 'ANSWER_UNEXPECTED'],
    [503, 'text/html', 'starting', 8, 'SERVER_UNAVAILABLE'],
    [401, 'text/html', 'log in', 7, 'TOKEN_INVALID'],
    [
      503,
      'application/json',
      '{"code":"EVENT_LOG_UNAVAILABLE","detail":"The log is away."}',
      8,
      'EVENT_LOG_UNAVAILABLE',
    ],
    [
      200,
      'application/json',
      '{"errors":[{"message":"Oh.","extensions":{"code":"INTERNAL_ERROR"}}]}',
      1,
      'INTERNAL_ERROR',
    ],
  ])('is not what it should be: %d %s %s', async (status, type, body, code, errorCode) => {
    at.service.behaviour.intercept = (_, response) => {
      response.writeHead(status, { 'content-type': type }).end(body)
      return true
    }
    const ran = await list([...connection(), '--json'])
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: errorCode, exitCode: code } })
  })

  it.each([
    ['a refusal in GraphQL', { errors: [{ message: 'no \u001b[2J', extensions: { code: 'X\u001b[2J\u001b[31m' } }] }],
    ['a problem of REST', { code: 'X\u001b[2J', detail: '\u009b2J' }],
  ])('cannot make a terminal act by the code of %s', async (_, body) => {
    at.service.behaviour.intercept = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      return true
    }
    const ran = await list(connection())
    expect(ran.stderr).toMatch(/^error: ANSWER_UNEXPECTED: [\x20-\x7e\n]+$/)
    const asJson = await list([...connection(), '--json'])
    expect(asJson.stderr).toMatch(/^[\x20-\x7e\n]+$/)
  })

  it('says more than anybody reads, of which the beginning is shown', async () => {
    const body = { code: 'FORBIDDEN', detail: 'no '.repeat(1_000_000) }
    at.service.behaviour.intercept = (_request, response) => {
      response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      return true
    }
    const ran = await list(connection())
    expect(ran.stderr).toMatch(/^error: FORBIDDEN: no no .* …\n$/)
    expect(ran.stderr.length).toBeLessThan(5_000)
  })

  it('redirects, which takes the token nowhere', async () => {
    at.service.behaviour.intercept = (_, response) => {
      response.writeHead(308, { location: 'https://elsewhere.example/graphql' }).end()
      return true
    }
    const ran = await list(connection())
    expect(ran).toMatchObject({ code: 2 })
    expect(ran.stderr).toContain('redirects to https://elsewhere.example/graphql')
  })
})
