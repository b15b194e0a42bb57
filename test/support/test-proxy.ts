import { once } from 'node:events'
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { IncomingMessage, RequestListener } from 'node:http'
import { Agent, createServer, request, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import { stringify } from 'yaml'
import { type AuthenticationProxy, startProxy } from '../../proxy/index.ts'
import { NodeAuthority, type NodeCertificate } from './node-authority.ts'
import { makeTlsAuthority, type TlsAuthority, type TlsIdentity } from './tls-authority.ts'

/** The token that a test's proxy adds, and whose it is. */
export const buildSystem = {
  token: `csb_${'0a'.repeat(16)}_${'A'.repeat(49)}`,
  id: '0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a',
} as const

/** An answer that a node got. */
export type NodeAnswer = {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What a proxy of a test is made of: its files, its authority of nodes and its service's authority. */
export type ProxyFiles = {
  /** The configuration. */
  readonly file: string
  readonly root: NodeAuthority
  readonly issuing: NodeAuthority
  readonly serviceAuthority: TlsAuthority
  /** The authority of the proxy's own certificate, for 127.0.0.1 and proxy.example.com. */
  readonly ownAuthority: TlsAuthority
  readonly authorityFile: string
  readonly authority: Buffer
  /** Writes a file of its configuration, as a whole. */
  readonly write: (file: string, content: string) => Promise<void>
  readonly agentOf: (node: NodeCertificate | undefined, options?: object) => Promise<Agent>
}

/** A proxy of a test. */
export type TestProxy = ProxyFiles & {
  readonly proxy: AuthenticationProxy
  /** Lines of its log so far. */
  readonly lines: () => readonly Readonly<Record<string, unknown>>[]
  readonly ask: (agent: Agent, path: string, options?: AskOptions) => Promise<NodeAnswer>
  readonly operations: (path: string) => Promise<Response>
}

/** How a test asks. */
export type AskOptions = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
}

/** A service that a proxy can stand before: on 127.0.0.1, with a certificate of an authority. */
export async function serviceOf(authority: TlsAuthority, answer: RequestListener): Promise<Server> {
  const { certificate, key } = await authority.issue('service', 'IP:127.0.0.1')
  const server = createServer({ cert: certificate, key }, answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Where a server of a test is. */
export function urlOf(server: Server): string {
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Changes the configuration that is written. */
export type Configure = (configuration: ProxySettings) => object

/** What is written where nothing else is said. */
export type ProxySettings = Record<string, unknown> & { readonly ruleSets: readonly Record<string, unknown>[] }

/** Makes the authorities and the files of a proxy before a service. */
export async function makeProxyFiles(
  folder: string,
  serviceUrl: (issue: TlsAuthority) => Promise<string>,
  configure: Configure = (configuration) => configuration,
): Promise<ProxyFiles> {
  const own = await makeTlsAuthority(folder, 'proxy')
  const serviceAuthority = await makeTlsAuthority(folder, 'service')
  const identity: TlsIdentity = await own.issue('proxy.example.com', 'IP:127.0.0.1,DNS:proxy.example.com')
  const root = await NodeAuthority.root(folder, 'Root')
  const issuing = await root.below('Issuing')
  const file = join(folder, 'proxy.yaml')
  const write = async (name: string, content: string) => {
    // In one step, as a proxy that runs must be given its files.
    await writeFile(join(folder, `${name}.new`), content)
    await rename(join(folder, `${name}.new`), join(folder, name))
  }
  await write('root.crl', await root.list())
  await write('issuing.crl', await issuing.list())
  await write('token', `${buildSystem.token}\n`)
  const settings: ProxySettings = {
    listen: { host: '127.0.0.1', port: 0 },
    operations: { port: 0 },
    tls: { certificate: identity.certificateFile, key: identity.keyFile },
    service: { url: await serviceUrl(serviceAuthority), authorities: serviceAuthority.certificateFile },
    statementKey: 'statement.key',
    ruleSets: [
      {
        name: 'build',
        token: { file: 'token' },
        authorities: [
          {
            certificate: root.certificateFile,
            intermediates: issuing.certificateFile,
            crl: { mode: 'hard', files: ['root.crl', 'issuing.crl'] },
          },
        ],
        subject: { all: [{ part: 'OU', equals: 'Build nodes' }] },
      },
    ],
  }
  await write('proxy.yaml', stringify(configure(settings)))
  const authority = own.certificate
  return {
    file,
    root,
    issuing,
    serviceAuthority,
    ownAuthority: own,
    authority,
    authorityFile: own.certificateFile,
    write,
    async agentOf(node, options = {}) {
      const client = node && { cert: await readFile(node.certificateFile), key: await readFile(node.keyFile) }
      return new Agent({ ca: authority, keepAlive: true, ...client, ...options })
    },
  }
}

/** Asks a proxy of this machine as a node. */
export function askProxy(
  port: number,
  agent: Agent,
  path: string,
  { method = 'GET', headers = {}, body }: AskOptions = {},
): Promise<NodeAnswer> {
  return new Promise<NodeAnswer>((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method, headers, agent }, async (answer) => {
      try {
        const parts: Buffer[] = []
        for await (const part of answer) parts.push(part)
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts).toString() })
      } catch (error) {
        reject(error)
      }
    })
    call.on('error', reject)
    call.end(body)
  })
}

/** Makes the authorities and starts a proxy before a service. */
export async function startTestProxy(
  folder: string,
  serviceUrl: (issue: TlsAuthority) => Promise<string>,
  configure?: Configure,
): Promise<TestProxy> {
  const files = await makeProxyFiles(folder, serviceUrl, configure)
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const pace = { settleMs: 20, lookMs: 10_000 }
  const proxy = await startProxy({ file: files.file, environment: {}, logger, pace })
  return {
    ...files,
    proxy,
    lines: () => lines,
    ask: (agent, path, options) => askProxy(proxy.port, agent, path, options),
    operations: (path) => fetch(`http://127.0.0.1:${proxy.operationsPort}${path}`),
  }
}
