import { execFile, execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Agent, Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { imageArguments } from '../../bench/image-arguments.ts'
import { nodeStatementHeader } from '../../domain/index.ts'
import type { NodeCertificate } from '../support/node-authority.ts'
import { type OcspResponder, startOcspResponder } from '../support/ocsp-responder.ts'
import { type ProxyProcess, startProxyProcess } from '../support/proxy-process.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { askProxy, makeProxyFiles, type ProxyFiles, serviceOf, urlOf } from '../support/test-proxy.ts'
import { until } from '../support/until.ts'

// What a proxy does as a process of its own, with clients that are no part of this project: openssl and curl.
const run = promisify(execFile)
const folder = suiteFolder()
const info = '/Api/v1/Meta/SystemInfo'
const dates = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) }

let files: ProxyFiles
let service: Server
let responder: OcspResponder
let proxy: ProxyProcess
/** Whether the service takes requests and says nothing. */
let isSilent = false
beforeAll(async () => {
  files = await makeProxyFiles(
    folder,
    async (authority) => {
      service = await serviceOf(authority, (request, response) => {
        request.resume()
        // What the proxy asks for itself has no statement.
        const status = nodeStatementHeader in request.headers ? 201 : 200
        if (!isSilent) response.writeHead(status).end(`answer to ${request.url}`)
      })
      return urlOf(service)
    },
    // The rule sets last, where more are added.
    ({ ruleSets, ...settings }) => ({ ...settings, limits: { idleSeconds: 5 }, ruleSets }),
  )
  responder = await startOcspResponder(folder, files.issuing)
  await files.write('stale.crl', await files.issuing.list(-60))
  const settings = await readFile(files.file, 'utf8')
  await files.write('proxy.yaml', `${settings}${moreRuleSets()}`)
  proxy = await startProxyProcess(files)
})
afterAll(async () => {
  await proxy.close()
  await responder.close()
  service.closeAllConnections()
  service.close()
})

/** Rule sets with other ways to find out about revocation, each for nodes of one organizational unit. */
function moreRuleSets(): string {
  const { certificateFile: root } = files.root
  const { certificateFile: issuing } = files.issuing
  const ruleSet = (name: string, unit: string, revocation: object) => ({
    name,
    token: { file: 'token' },
    authorities: [{ certificate: root, intermediates: issuing, ...revocation }],
    subject: { all: [{ part: 'OU', equals: unit }] },
  })
  const ocsp = (mode: string) => ({ ocsp: { mode, responder: responder.url, timeoutMs: 2_000 } })
  return [
    ruleSet('ocsp-hard', 'Hard OCSP', ocsp('hard')),
    ruleSet('ocsp-soft', 'Soft OCSP', ocsp('soft')),
    ruleSet('crl-soft', 'Soft lists', { crl: { mode: 'soft', files: ['root.crl', 'stale.crl'] } }),
  ]
    .map((each) => `  - ${JSON.stringify(each)}\n`)
    .join('')
}

const issue = (name: string, unit: string) =>
  files.issuing.issue(name, { subject: `/DC=example/OU=${unit}/CN=${name}`, ...dates })

/** Asked once each, by which lines of the log are told apart. */
let asked = 0
function nextPath(): string {
  asked += 1
  return `/Api/v1/of/SigningRequests/${asked}`
}

async function statusOf(node: NodeCertificate | undefined, path = nextPath()): Promise<number> {
  return (await askProxy(proxy.port, await files.agentOf(node, { keepAlive: false }), path)).status
}

/** Asks as a node, and waits for the line of the log about it. */
async function lineOf(node: NodeCertificate): Promise<Readonly<Record<string, unknown>>> {
  const own = nextPath()
  await statusOf(node, own)
  return until('it is logged', () => proxy.lines().find(({ path }) => path === own))
}

async function serviceHealth(): Promise<string> {
  const { parts } = (await (await proxy.operations('/health/ready')).json()) as {
    readonly parts: { readonly service: { readonly status: string } }
  }
  return parts.service.status
}

describe('revocation by OCSP', () => {
  it('lets nobody in of whom nothing is known where it must be known, and whoever is not revoked where it need not', async () => {
    const [hard, soft] = [await issue('hard-1', 'Hard OCSP'), await issue('soft-1', 'Soft OCSP')]
    expect(await lineOf(hard)).toMatchObject({ ruleSet: 'ocsp-hard', status: 201 })
    expect(await lineOf(soft)).toMatchObject({ ruleSet: 'ocsp-soft', status: 201 })
    // What is remembered holds, also while nobody answers.
    const before = responder.asked()
    responder.set('refusing')
    expect([await statusOf(hard), await statusOf(soft), responder.asked()]).toEqual([201, 201, before])
    const [hardNow, softNow] = [await issue('hard-2', 'Hard OCSP'), await issue('soft-2', 'Soft OCSP')]
    const refused = await lineOf(hardNow)
    expect(refused).toMatchObject({ status: 403 })
    expect(JSON.stringify(refused)).toContain('revocationUnknown')
    expect(await lineOf(softNow)).toMatchObject({ status: 201, notes: [expect.stringContaining('is not known')] })
    responder.set('answering')
    await until('it is asked again', async () => (await statusOf(hardNow)) === 201, 30_000)
  })

  it('refuses whoever is revoked in both modes', async () => {
    for (const unit of ['Hard OCSP', 'Soft OCSP']) {
      const gone = await issue(`gone-${unit.slice(0, 4).toLowerCase()}`, unit)
      await files.issuing.revoke(gone)
      const refused = await lineOf(gone)
      expect(refused, unit).toMatchObject({ status: 403 })
      expect(JSON.stringify(refused)).toContain('"revoked"')
    }
  })
})

describe('a list that is out of date', () => {
  it('lets in where it need not be current, with a line that says so, and refuses whom it names', async () => {
    const [fine, gone] = [await issue('list-1', 'Soft lists'), await issue('list-2', 'Soft lists')]
    const passed = { status: 201, ruleSet: 'crl-soft', notes: [expect.stringContaining('out of date')] }
    expect(await lineOf(fine)).toMatchObject(passed)
    expect(await statusOf(gone)).toBe(201)
    await files.issuing.revoke(gone)
    await files.write('stale.crl', await files.issuing.list(-60))
    await until('the node is refused', async () => (await statusOf(gone)) === 403)
    expect(await statusOf(fine)).toBe(201)
  })
})

describe('a service that cannot be reached', () => {
  it('is told apart from a refusal, shows in health, and is found again', async () => {
    const node = await files.issuing.issue('waiting')
    isSilent = true
    try {
      expect(await statusOf(node)).toBe(502)
    } finally {
      isSilent = false
    }
    expect(await statusOf(node)).toBe(201)
    const { port } = service.address() as AddressInfo
    service.closeAllConnections()
    await new Promise((resolve) => service.close(resolve))
    expect(await lineOf(node)).toMatchObject({
      status: 502,
      code: 'PROXY_SERVICE_UNAVAILABLE',
      reason: expect.stringContaining('ECONNREFUSED'),
    })
    await until('health says it', async () => (await serviceHealth()) === 'down', 20_000)
    await new Promise<void>((resolve) => service.listen(port, '127.0.0.1', resolve))
    expect(await statusOf(node)).toBe(201)
    await until('health says it', async () => (await serviceHealth()) === 'up', 20_000)
  })
})

describe('a running proxy', () => {
  it('reads its files again on SIGHUP', async () => {
    const reloads = async () => {
      const text = await (await proxy.operations('/metrics')).text()
      return Number(/reloads_total\{outcome="taken over"\} (\d+)/.exec(text)?.[1] ?? 0)
    }
    const before = await reloads()
    proxy.signal('SIGHUP')
    await until('it has read them', async () => (await reloads()) > before)
    expect(await statusOf(await files.issuing.issue('after'))).toBe(201)
  })

  it('gets another certificate of its own without dropping a connection', async () => {
    const node = await files.issuing.issue('long-lived')
    const agent = await files.agentOf(node, { maxSockets: 1 })
    const connections = countConnections(agent)
    expect((await askProxy(proxy.port, agent, info)).status).toBe(201)
    const serial = async () => {
      const found = await sClient(node, [], `GET ${info} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
      return /serial:\s*([0-9A-F]+)/i.exec(await certificateIn(found))?.[1]
    }
    const first = await serial()
    await files.ownAuthority.issue('proxy.example.com', 'IP:127.0.0.1,DNS:proxy.example.com')
    proxy.signal('SIGHUP')
    await until('new connections get it', async () => (await serial()) !== first)
    expect((await askProxy(proxy.port, agent, info)).status).toBe(201)
    expect(connections()).toBe(1)
  })

  it.each([['-tls1_2'], ['-tls1_3']])('takes up no session of a node that was revoked since (%s)', async (version) => {
    const node = await files.issuing.issue(`session${version}`, dates)
    const session = join(folder, `session${version}`)
    const question = `GET ${info} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`
    expect(await sClient(node, [version, '-sess_out', session], question)).toMatch(/HTTP\/1.1 201/)
    await files.issuing.revoke(node)
    await files.write('issuing.crl', await files.issuing.list())
    await until('the node is refused', async () => (await statusOf(node)) === 403)
    const again = await sClient(node, [version, '-sess_in', session], question).catch((error: Error) => error.message)
    expect(again).not.toMatch(/Reused, |HTTP\/1.1 201/)
  })

  it('serves curl --cert, and tells a revoked node no more than that it is refused', async () => {
    const [node, gone] = [await files.issuing.issue('curl', dates), await files.issuing.issue('curl-gone', dates)]
    await files.issuing.revoke(gone)
    await files.write('issuing.crl', await files.issuing.list())
    await until('the node is refused', async () => (await statusOf(gone)) === 403)
    const curl = async ({ certificateFile, keyFile }: NodeCertificate) => {
      const tls = ['--cacert', files.authorityFile, '--cert', certificateFile, '--key', keyFile]
      const url = `https://127.0.0.1:${proxy.port}${info}`
      return (await run('curl', ['-sS', '--max-time', '20', ...tls, '-w', ' %{http_code}', url])).stdout
    }
    expect(await curl(node)).toBe(`answer to ${info} 201`)
    const refused = await curl(gone)
    expect(refused).toMatch(/"PROXY_CERTIFICATE_REFUSED"\} 403$/)
    expect(refused).not.toContain('revoked')
  })
})

it('runs as the image starts it, from what goes into the image, and ends in order on SIGTERM', async () => {
  const image = join(folder, 'app')
  copyImage(image)
  const program = join(image, 'cli/countersign.js')
  const asImage = await startProxyProcess(files, { nodeArguments: imageArguments, program })
  const agent = await files.agentOf(await files.issuing.issue('imaged'))
  expect((await askProxy(asImage.port, agent, info)).status).toBe(201)
  agent.destroy()
  expect(await asImage.close()).toBe(0)
})

/** Copies what .dockerignore lets through, beside the installed packages. */
function copyImage(to: string): void {
  const root = join(import.meta.dirname, '../..')
  const allowed = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1))
  const tracked = execFileSync('git', ['ls-files', ...allowed], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
  for (const path of tracked) {
    mkdirSync(dirname(join(to, path)), { recursive: true })
    cpSync(join(root, path), join(to, path))
  }
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'))
}

/** Counts the connections that an agent opens. */
function countConnections(agent: Agent): () => number {
  const seen = new Set<TLSSocket>()
  agent.on('free', (socket: TLSSocket) => void seen.add(socket))
  return () => seen.size
}

/** Runs `openssl s_client` with a node's certificate; answers with all that it prints. */
async function sClient(
  { certificateFile, keyFile }: NodeCertificate,
  args: readonly string[],
  input: string,
): Promise<string> {
  const client = spawn(
    'openssl',
    [
      ...['s_client', '-connect', `127.0.0.1:${proxy.port}`, '-CAfile', files.authorityFile],
      ...['-cert', certificateFile, '-key', keyFile, ...args],
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

/** What openssl says of the server's certificate that `s_client` printed. */
async function certificateIn(printed: string): Promise<string> {
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(printed)?.[0] ?? ''
  const child = spawn('openssl', ['x509', '-noout', '-serial'], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.end(pem)
  return (await text(child.stdout)).replace('serial=', 'serial: ')
}
