import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { ReadModelDatabase } from '../../projections/index.ts'
import { problemErrorHandler, registerRest, registerUnknownPaths } from '../../rest/index.ts'
import { openReadiness, registerHealth } from '../../server/health.ts'
import { type GraphQLTestServer, openGraphQLServer } from '../support/graphql-server.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'
import { FuzzFailure, type FuzzReport, type FuzzRequest } from './target.ts'

/** Inputs that are tried at the same time. */
const lanes = 16
/** After so many inputs, a correct request must be answered. */
const batchSize = 500

/** The service with all its routes, over real use cases, log, store and read model; only Temporal is not there. */
export type ServiceUnderFuzz = {
  readonly server: GraphQLTestServer
  readonly port: number
  /** A request that waits for approvals, one that is completed, and an upload that nothing names yet. */
  readonly waiting: string
  readonly planDigest: string
  readonly completed: string
  readonly upload: string
  /** What has been logged as a fault since this was last asked. */
  readonly faults: () => readonly string[]
  /** What a correct request to each API gives, in one word: `right`, or what is wrong. */
  readonly answersRight: () => Promise<string>
  readonly close: () => Promise<void>
}

/** Starts it in a folder of its own, by default with a read model in SQLite. */
async function startServiceUnderFuzz(database?: ReadModelDatabase): Promise<ServiceUnderFuzz> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-fuzz-'))
  const lines: string[] = []
  const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
  const server = await openGraphQLServer(folder, {
    readModelTimeoutMs: 50,
    ...(database === undefined ? {} : { database }),
    http: { logger, answerError: problemErrorHandler(logger) },
    register(http, _application, rest) {
      registerHealth(http.fastify, openReadiness({}, logger), () => false)
      registerUnknownPaths(http.fastify, 'There is nothing else.', logger)
      registerRest(http, { ...rest, logger })
    },
  })
  const waiting = await server.submit()
  const planDigest = await server.plan(waiting as never)
  const completed = await server.submit('test-signing')
  await server.complete(completed, await server.plan(completed))
  await server.caughtUp()

  return {
    server,
    port: (server.fastify.server.address() as AddressInfo).port,
    waiting,
    planDigest,
    completed,
    upload: await server.upload(server.submitter),
    faults() {
      server.queries.length = 0
      const coded = server.logged.splice(0).filter(({ fields }) => !String(fields.code).startsWith('WEBSOCKET_'))
      return [...lines.splice(0), ...coded.map((line) => JSON.stringify(line, errorsToo))]
    },
    async answersRight() {
      const { data, errors } = await server.ask(server.submitter, '{ viewer { name } }')
      if (data?.viewer?.name !== 'Sam Submitter') return `GraphQL answered ${JSON.stringify(errors)}`
      const link = `${server.url}/Api/v1/${server.organizationId}/SigningRequests/${completed}/UnsignedArtifact`
      const download = await fetch(link, { headers: { authorization: `Bearer ${server.submitter.token}` } })
      const text = await download.text()
      return text === 'a program' ? 'right' : `the download was ${download.status} ${text}`
    },
    async close() {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What came of an input: how it came out, and the input as it was sent, for when it shows a fault. */
export type Tried = { readonly outcome: string; readonly input: Uint8Array; readonly fault?: string }

/**
 * The loop of a target that sends its inputs to the service, several at the same time. A fault is an answer that has one,
 * a line in the log, no answer, or a wrong answer to a correct request afterwards.
 */
export async function fuzzService(
  { seed, count, signal, onInput }: FuzzRequest,
  tryInput: (service: ServiceUnderFuzz, random: SeededRandom) => Promise<Tried>,
  database?: ReadModelDatabase,
): Promise<FuzzReport> {
  const service = await startServiceUnderFuzz(database)
  const outcomes: Record<string, number> = {}
  let begun = 0
  let inputs = 0

  async function lane(end: number): Promise<void> {
    while (begun < end && !signal.aborted) {
      const own = seed + begun
      begun += 1
      onInput?.(own)
      const { outcome, input, fault } = await tryInput(service, seededRandom(own))
      if (fault !== undefined) throw new FuzzFailure(own, input, fault)
      const [line] = service.faults()
      if (line !== undefined) throw new FuzzFailure(own, input, `at this or one of ${lanes - 1} others: ${line}`)
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      inputs += 1
    }
  }

  try {
    while (begun < count && !signal.aborted) {
      const end = Math.min(begun + batchSize, count)
      await Promise.all(Array.from({ length: lanes }, () => lane(end)))
      const answer = await service.answersRight()
      if (answer !== 'right') throw new FuzzFailure(seed + begun - 1, Buffer.alloc(0), `after it, ${answer}`)
    }
  } finally {
    await service.close()
  }
  return { inputs, outcomes }
}

/** What no answer may hold: a fault of ours, or the inside of the service. `undefined` when it holds none. */
export function faultOfText(text: string): string | undefined {
  if (text.includes('INTERNAL_ERROR')) return `an internal error: ${text.slice(0, 2_000)}`
  // A line break as such, or as JSON writes it.
  if (/(\n|\\n)\s+at .{1,200}:\d+:\d+|node_modules|node:internal/.test(text)) return `a stack: ${text.slice(0, 2_000)}`
  return undefined
}

function errorsToo(_key: string, value: unknown): unknown {
  return value instanceof Error ? value.stack : value
}
