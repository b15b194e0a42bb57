import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { Agent, createServer, request, type Server } from 'node:https'
import { join } from 'node:path'
import { startTestProxy, type TestProxy, urlOf } from '../test/support/test-proxy.ts'
import { withFolder } from './folder.ts'
import { median, quantile } from './median.ts'
import { milliseconds } from './pace.ts'

/** An authentication proxy against what it stands in for: Node's own TLS, and the service asked directly. */
export type ProxyFigures = {
  /** New connections in a second, each with one request; medians by turns. */
  readonly connectionsPerSecond: number
  readonly bareConnectionsPerSecond: number
  /** The slowest hundredth of requests on open connections, in milliseconds. */
  readonly forwardedP99: number
  readonly directP99: number
  readonly gigabytes: number
  readonly uploadSeconds: number
  readonly directUploadSeconds: number
  /** What the process has more of after the uploads than before, at the most, in MiB. */
  readonly growthMebibytes: number
}

const info = '/Api/v1/Meta/SystemInfo'
const entries = 100_000

/** Measures with rules and a revocation list of 100,000 entries. All of it shares the machine, and the process. */
export async function measureProxy({
  connections = 400,
  calls = 2_000,
  bytes = 2_000_000_000,
  rounds = 3,
} = {}): Promise<ProxyFigures> {
  return withFolder(async (folder) => {
    let service: Server | undefined
    const proxied = await startTestProxy(folder, async (authority) => {
      const { certificate: cert, key } = await authority.issue('service', 'IP:127.0.0.1')
      service = await answering({ cert, key })
      return urlOf(service)
    })
    if (service === undefined) throw new Error('there is no service')
    await revokeMany(proxied)
    const node = await proxied.issuing.issue('build-01')
    const client = { cert: await readFile(node.certificateFile), key: await readFile(node.keyFile) }
    const identity = {
      cert: await readFile(join(folder, 'proxy-proxy.example.com.pem')),
      key: await readFile(join(folder, 'proxy-proxy.example.com.key')),
    }
    const authorities = await Promise.all(
      [proxied.root, proxied.issuing].map(({ certificateFile }) => readFile(certificateFile)),
    )
    const bare = await answering({ ...identity, ca: authorities, requestCert: true, rejectUnauthorized: true })
    const chained = { ...client, cert: Buffer.concat([client.cert, authorities[1] ?? Buffer.alloc(0)]) }
    const ca = [proxied.authority, proxied.serviceAuthority.certificate]
    const agent = (keepAlive: boolean) => new Agent({ ...chained, ca, keepAlive, maxCachedSessions: 0 })
    const proxyUrl = `https://127.0.0.1:${proxied.proxy.port}`
    const [own, other]: number[][] = [[], []]
    for (let round = 0; round <= rounds; round += 1) {
      const mine = await milliseconds(() => many(connections, 8, () => ask(agent(false), proxyUrl, refusedPath)))
      const theirs = await milliseconds(() => many(connections, 8, () => ask(agent(false), urlOf(bare), refusedPath)))
      // The first round is not counted: everything is compiled then.
      if (round === 0) continue
      own?.push(connections / (mine / 1_000))
      other?.push(connections / (theirs / 1_000))
    }
    const [forwarded, direct] = await latencies(calls, [
      { agent: agent(true), url: proxyUrl },
      { agent: agent(true), url: urlOf(service) },
    ])
    const uploads: number[] = []
    const directs: number[] = []
    const before = process.memoryUsage().rss
    let peak = before
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50)
    for (let round = 0; round < 2; round += 1) {
      directs.push(await milliseconds(() => upload(agent(true), urlOf(service as Server), bytes)))
      uploads.push(await milliseconds(() => upload(agent(true), proxyUrl, bytes)))
    }
    clearInterval(timer)
    await proxied.proxy.close()
    for (const server of [service, bare]) server.close()
    return {
      connectionsPerSecond: median(own ?? []),
      bareConnectionsPerSecond: median(other ?? []),
      forwardedP99: quantile(forwarded ?? [], 0.99),
      directP99: quantile(direct ?? [], 0.99),
      gigabytes: bytes / 1e9,
      uploadSeconds: median(uploads) / 1_000,
      directUploadSeconds: median(directs) / 1_000,
      growthMebibytes: (peak - before) / 1024 ** 2,
    }
  })
}

/** Is answered by the proxy itself, after it judged the node. */
const refusedPath = '/nothing'

/** Adds entries to the list of the issuing authority, and signs it anew, by openssl's index of what was issued. */
async function revokeMany({ issuing, write, operations }: TestProxy): Promise<void> {
  const line = (index: number) =>
    `R\t350101000000Z\t260101000000Z\t${(0x7000_0000_0000 + index).toString(16).toUpperCase()}\tunknown\t/CN=gone-${index}\n`
  await writeFile(issuing.at('index.txt'), Array.from({ length: entries }, (_, index) => line(index)).join(''))
  await write('issuing.crl', await issuing.list())
  for (;;) {
    const metrics = await (await operations('/metrics')).text()
    if (metrics.includes(`crl_entries{file="issuing.crl"} ${entries}`)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function answering(options: object): Promise<Server> {
  const server = createServer(options, async (incoming, response) => {
    for await (const _ of incoming);
    response.end('{}')
  })
  server.requestTimeout = 0
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

function ask(agent: Agent, url: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    request(`${url}${path}`, { agent }, (answer) => void answer.resume().once('end', resolve).once('error', reject))
      .once('error', reject)
      .end()
  })
}

async function many(count: number, atOnce: number, act: () => Promise<void>): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left > 0) {
        left -= 1
        await act()
      }
    }),
  )
}

/** By turns, so that what else the machine does meets both. */
async function latencies(
  count: number,
  places: readonly { readonly agent: Agent; readonly url: string }[],
): Promise<readonly (readonly number[])[]> {
  const found: number[][] = places.map(() => [])
  for (let index = 0; index < count + 100; index += 1)
    for (const [place, { agent, url }] of places.entries()) {
      const took = await milliseconds(() => ask(agent, url, info))
      if (index >= 100) found[place]?.push(took)
    }
  return found
}

async function upload(agent: Agent, url: string, bytes: number): Promise<void> {
  const block = Buffer.alloc(256 * 1024, 7)
  const call = request(`${url}/uploads?fileName=a.exe`, { agent, method: 'POST', headers: { 'content-length': bytes } })
  const answered = once(call, 'response')
  for (let sent = 0; sent < bytes; sent += block.length)
    if (!call.write(block.subarray(0, Math.min(block.length, bytes - sent)))) await once(call, 'drain')
  call.end()
  const [answer] = await answered
  answer.resume()
  if (answer.statusCode !== 200) throw new Error(`The upload was answered with ${answer.statusCode}.`)
  await once(answer, 'end')
}
