import { readFile, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { type ProxyProcess, processorTime, startProxyProcess } from '../test/support/proxy-process.ts'
import { makeProxyFiles, type ProxyFiles } from '../test/support/test-proxy.ts'
import { withFolder } from './folder.ts'
import { imageArguments } from './image-arguments.ts'
import { median, quantile } from './median.ts'
import { milliseconds } from './pace.ts'
import { type BenchProcess, startBenchProcess } from './proxy-processes.ts'
import { upload } from './upload.ts'

/** An authentication proxy against what it stands in for: Node's own TLS, and the service asked directly. */
export type ProxyFigures = {
  /** New connections in a second, each with one request; medians by turns. */
  readonly connectionsPerSecond: number
  readonly bareConnectionsPerSecond: number
  /** The slowest hundredth of requests on open connections, in milliseconds. */
  readonly forwardedP99: number
  readonly directP99: number
  /** Processor time of the proxy for one of them, in milliseconds. */
  readonly processorPerCall: number
  readonly gigabytes: number
  readonly uploadSeconds: number
  readonly directUploadSeconds: number
  /** Processor time of the proxy for one upload, and of the service for one that came directly, in seconds. */
  readonly proxyProcessorSeconds: number
  readonly serviceProcessorSeconds: number
  /** What the proxy has more of after the uploads than before, at the most, in MiB. */
  readonly growthMebibytes: number
}

const entries = 100_000

/**
 * Measures with rules and a revocation list of 100,000 entries. Client, proxy and service are a process each, as they are in use, and
 * share the machine. The calls ask for the state of a request, as a node does that waits for one, and uploads go to the route of the API.
 */
export async function measureProxy({
  connections = 400,
  calls = 2_000,
  bytes = 2_000_000_000,
  rounds = 3,
} = {}): Promise<ProxyFigures> {
  return withFolder(async (folder) => {
    let service: BenchProcess | undefined
    const files = await makeProxyFiles(folder, async (authority) => {
      const { certificateFile, keyFile } = await authority.issue('service', 'IP:127.0.0.1')
      service = await startBenchProcess(['service', certificateFile, keyFile])
      return service.url
    })
    if (service === undefined) throw new Error('there is no service')
    await revokeMany(files)
    await files.write('token', service.said.trustedBuildSystemToken ?? '')
    const proxy = await startProxyProcess(files, { nodeArguments: imageArguments, keepLines: false })
    await registerKey(service, files, proxy)
    const bare = await startBare(folder, files)
    try {
      const node = await files.issuing.issue('build-01')
      const own = { cert: await readFile(node.certificateFile), key: await readFile(node.keyFile) }
      const issuing = await readFile(files.issuing.certificateFile)
      const ca = [files.authority, files.serviceAuthority.certificate]
      const client = { ...own, cert: Buffer.concat([own.cert, issuing]), ca, maxCachedSessions: 0 }
      const agent = (keepAlive: boolean) => new Agent({ ...client, keepAlive })
      const proxyUrl = `https://127.0.0.1:${proxy.port}`
      const [mine, theirs]: number[][] = [[], []]
      for (let round = 0; round <= rounds; round += 1) {
        const connect = (url: string) => many(connections, 8, () => ask(agent(false), `${url}/nothing`, ''))
        const [ours, bares] = [await milliseconds(() => connect(proxyUrl)), await milliseconds(() => connect(bare.url))]
        // The first round is not counted: everything is compiled then.
        if (round === 0) continue
        mine?.push(connections / (ours / 1_000))
        theirs?.push(connections / (bares / 1_000))
      }
      const { statusPath = '', token = '' } = service.said
      const before = await proxy.processorTime()
      const [forwarded, direct] = await latencies(calls, [
        { agent: agent(true), url: `${proxyUrl}${statusPath}`, token },
        { agent: agent(true), url: `${service.url}${statusPath}`, token },
      ])
      const processorPerCall = ((await proxy.processorTime()) - before) / (calls + warmUp)
      const uploads = await compareUploads({ proxy, service, agent: () => agent(true), token, proxyUrl, bytes })
      return {
        connectionsPerSecond: median(mine ?? []),
        bareConnectionsPerSecond: median(theirs ?? []),
        forwardedP99: quantile(forwarded ?? [], 0.99),
        directP99: quantile(direct ?? [], 0.99),
        processorPerCall,
        gigabytes: bytes / 1e9,
        ...uploads,
      }
    } finally {
      await proxy.close()
      await Promise.all([service.close(), bare.close()])
    }
  })
}

type Uploading = {
  readonly proxy: ProxyProcess
  readonly service: BenchProcess
  readonly agent: () => Agent
  readonly token: string
  readonly proxyUrl: string
  readonly bytes: number
}

async function compareUploads({ proxy, service, agent, token, proxyUrl, bytes }: Uploading) {
  const [through, direct, proxyTimes, serviceTimes]: number[][] = [[], [], [], []]
  const memory = await proxy.memory()
  let peak = memory
  const timer = setInterval(() => void proxy.memory().then((now) => (peak = Math.max(peak, now))), 100)
  const timed = async (pid: number, work: () => Promise<void>) => {
    const before = await processorTime(pid)
    const took = await milliseconds(work)
    return [took, (await processorTime(pid)) - before] as const
  }
  // The first of each is smaller and not counted: everything is compiled then.
  for (const [round, size] of [bytes / 10, bytes, bytes].entries()) {
    const directly = await timed(service.pid, () => upload(agent(), service.url, token, size))
    const proxied = await timed(proxy.pid, () => upload(agent(), proxyUrl, token, size))
    if (round === 0) continue
    direct?.push(directly[0])
    serviceTimes?.push(directly[1])
    through?.push(proxied[0])
    proxyTimes?.push(proxied[1])
  }
  clearInterval(timer)
  const seconds = (times: readonly number[] = []) => median(times) / 1_000
  return {
    uploadSeconds: seconds(through),
    directUploadSeconds: seconds(direct),
    proxyProcessorSeconds: seconds(proxyTimes),
    serviceProcessorSeconds: seconds(serviceTimes),
    growthMebibytes: peak - memory,
  }
}

/** Calls that are not counted. */
const warmUp = 200

/** Adds entries to the list of the issuing authority, and signs it anew, by openssl's index of what was issued. */
async function revokeMany({ issuing, write }: ProxyFiles): Promise<void> {
  const line = (index: number) =>
    `R\t350101000000Z\t260101000000Z\t${(0x7000_0000_0000 + index).toString(16).toUpperCase()}\tunknown\t/CN=gone-${index}\n`
  await writeFile(issuing.at('index.txt'), Array.from({ length: entries }, (_, index) => line(index)).join(''))
  await write('issuing.crl', await issuing.list())
}

async function registerKey({ url, said }: BenchProcess, files: ProxyFiles, proxy: ProxyProcess): Promise<void> {
  const { administratorToken = '', trustedBuildSystemId } = said
  const query = 'mutation ($input: RegisterProxyKeyInput!) { registerProxyKey(input: $input) { keyId } }'
  const variables = { input: { trustedBuildSystemId, publicKey: proxy.statementKey.publicKey } }
  const ca = files.serviceAuthority.certificate
  const body = JSON.stringify({ query, variables })
  await ask(new Agent({ ca }), `${url}/graphql`, administratorToken, body)
}

async function startBare(folder: string, { root, issuing }: ProxyFiles): Promise<BenchProcess> {
  const authorities = join(folder, 'authorities.pem')
  const found = await Promise.all([root, issuing].map(({ certificateFile }) => readFile(certificateFile)))
  await writeFile(authorities, Buffer.concat(found))
  const at = (end: string) => join(folder, `proxy-proxy.example.com.${end}`)
  return startBenchProcess(['bare', at('pem'), at('key'), authorities])
}

function ask(agent: Agent, url: string, token: string, body?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const method = body === undefined ? 'GET' : 'POST'
    const call = request(url, { agent, method, headers }, (answer) => {
      const isWrong = token !== '' && answer.statusCode !== 200
      if (isWrong) reject(new Error(`${url} was answered with ${answer.statusCode}`))
      answer.resume().once('end', resolve).once('error', reject)
    })
    call.once('error', reject).end(body)
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

type Place = { readonly agent: Agent; readonly url: string; readonly token: string }

/** By turns, so that what else the machine does meets both. */
async function latencies(count: number, places: readonly Place[]): Promise<readonly (readonly number[])[]> {
  const found: number[][] = places.map(() => [])
  for (let index = 0; index < count + warmUp; index += 1)
    for (const [place, { agent, url, token }] of places.entries()) {
      const took = await milliseconds(() => ask(agent, url, token))
      if (index >= warmUp) found[place]?.push(took)
    }
  return found
}
