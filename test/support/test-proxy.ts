import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
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

/** A proxy of a test with its files, its authority of nodes and its service's authority. */
export type TestProxy = {
  readonly proxy: AuthenticationProxy
  readonly root: NodeAuthority
  readonly issuing: NodeAuthority
  readonly serviceAuthority: TlsAuthority
  /** The authority of the proxy's own certificate, for 127.0.0.1 and proxy.example.com. */
  readonly authorityFile: string
  readonly authority: Buffer
  /** Lines of its log so far. */
  readonly lines: () => readonly Readonly<Record<string, unknown>>[]
  /** Writes a file of its configuration, as a whole. */
  readonly write: (file: string, content: string) => Promise<void>
  readonly agentOf: (node: NodeCertificate | undefined, options?: object) => Promise<Agent>
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

/** Makes the authorities and starts a proxy before a service. @param configure changes the configuration that is written */
export async function startTestProxy(
  folder: string,
  serviceUrl: (issue: TlsAuthority) => Promise<string>,
  configure: (configuration: Record<string, unknown>) => object = (configuration) => configuration,
): Promise<TestProxy> {
  const own = await makeTlsAuthority(folder, 'proxy')
  const serviceAuthority = await makeTlsAuthority(folder, 'service')
  const identity: TlsIdentity = await own.issue('proxy.example.com', 'IP:127.0.0.1,DNS:proxy.example.com')
  const root = await NodeAuthority.root(folder, 'Root')
  const issuing = await root.below('Issuing')
  const write = (file: string, content: string) => writeFile(join(folder, file), content)
  await write('root.crl', await root.list())
  await write('issuing.crl', await issuing.list())
  await write('token', `${buildSystem.token}\n`)
  await write(
    'proxy.yaml',
    stringify(
      configure({
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
      }),
    ),
  )
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const proxy = await startProxy({
    file: join(folder, 'proxy.yaml'),
    environment: {},
    logger,
    pace: { settleMs: 20, lookMs: 10_000 },
  })
  const authority = own.certificate
  return {
    proxy,
    root,
    issuing,
    serviceAuthority,
    authority,
    authorityFile: own.certificateFile,
    lines: () => lines,
    write,
    async agentOf(node, options = {}) {
      const client = node && { cert: await readFile(node.certificateFile), key: await readFile(node.keyFile) }
      return new Agent({ ca: authority, keepAlive: true, ...client, ...options })
    },
    ask: (agent, path, { method = 'GET', headers = {}, body } = {}) =>
      new Promise<NodeAnswer>((resolve, reject) => {
        const call = request({ host: '127.0.0.1', port: proxy.port, path, method, headers, agent }, async (answer) => {
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
      }),
    operations: (path) => fetch(`http://127.0.0.1:${proxy.operationsPort}${path}`),
  }
}
