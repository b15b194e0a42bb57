import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import type { Caller } from '../application/index.ts'
import { type SigningRequestId, streams } from '../domain/index.ts'
import { readSettings } from '../server/configuration.ts'
import { readCredentials } from '../server/embedded/credentials.ts'
import { type EmbeddedService, startEmbedded } from '../server/embedded/index.ts'
import { sampleProgram } from '../server/embedded/sample-program.ts'
import { logTemporalTo } from '../server/temporal.ts'
import { median } from './median.ts'
import { startNoOps } from './no-op/start.ts'
import { milliseconds, perSecond } from './pace.ts'

/** Whole requests through the policy `test-signing`: no approval, P-256 in SoftHSM2, time-stamped, verified. */
export type RequestFigures = {
  /** Submit to Completed, alone, median of several, in milliseconds. */
  readonly aloneMs: number
  /** A no-op workflow, alone, by turns with the requests, median, in milliseconds. */
  readonly noOpAloneMs: number
  /** 50 under way at any time. */
  readonly requestsPerSecond: number
  /** No-op workflows with one activity on the same server, 50 under way at any time. */
  readonly noOpsPerSecond: number
}

const atOnce = 50

/** Measures whole requests against no-op workflows, in turns, on one embedded service in a temporary folder. */
export async function measureRequests({ rounds = 3, perRound = 150 } = {}): Promise<RequestFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'))
  const logger: Logger = pino({ level: 'silent' })
  await logTemporalTo(logger)
  const settings = readSettings({ environment: { COUNTERSIGN_DATA: folder, COUNTERSIGN_PORT: '0' } })
  const service = await startEmbedded({ settings, demo: true, logger, report: () => undefined })
  try {
    const credentials = await readCredentials(folder)
    const ci = await service.application.authenticate({ apiToken: credentials?.users.ci?.token }, undefined)
    const noOps = await startNoOps(service, logger)
    const ends = followEnds(service)
    const uploadId = await upload(service, ci)
    const sign = () => signOne(service, ci, uploadId, ends)
    const alone: number[] = []
    const noOpAlone: number[] = []
    for (let index = 0; index < 20; index += 1) {
      alone.push(await milliseconds(sign))
      noOpAlone.push(await milliseconds(noOps.run))
    }
    const requests: number[] = []
    const idle: number[] = []
    await perSecond(noOps.run, { count: atOnce, atOnce })
    await perSecond(sign, { count: atOnce, atOnce })
    for (let round = 0; round < rounds; round += 1) {
      idle.push(await perSecond(noOps.run, { count: perRound, atOnce }))
      requests.push(await perSecond(sign, { count: perRound, atOnce }))
    }
    await ends.close()
    await noOps.close()
    return {
      aloneMs: median(alone),
      noOpAloneMs: median(noOpAlone),
      requestsPerSecond: median(requests),
      noOpsPerSecond: median(idle),
    }
  } finally {
    await service.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** What waits for requests of one service to end. */
type RequestEnds = {
  /** Resolves when the request is completed, and fails when it ends otherwise. */
  readonly end: (signingRequestId: SigningRequestId) => Promise<void>
  readonly close: () => Promise<void>
}

/** Learns the end of each request from one subscription for all of them. */
function followEnds({ dependencies }: EmbeddedService): RequestEnds {
  const stop = new AbortController()
  const requests = new Map<string, PromiseWithResolvers<void>>()
  function of(stream: string): PromiseWithResolvers<void> {
    const known = requests.get(stream) ?? Promise.withResolvers<void>()
    requests.set(stream, known)
    return known
  }
  const followed = (async () => {
    for await (const { events } of dependencies.log.subscribe({ signal: stop.signal }))
      for (const { streamId, type, data } of events) {
        if (type === 'SigningRequestCompleted') of(streamId).resolve()
        if (type === 'SigningRequestFailed') of(streamId).reject(new Error(JSON.stringify(data)))
      }
  })()
  return {
    end: (id) => of(streams.signingRequest(id)).promise,
    async close() {
      stop.abort()
      await followed
    },
  }
}

/** Uploads what is going to be signed: before the clock runs, for a request begins with its submission. */
async function upload({ application }: EmbeddedService, ci: Caller): Promise<string> {
  async function* bytes() {
    yield sampleProgram()
  }
  return (await application.uploadArtifact(ci, { fileName: 'sample.exe', bytes: bytes() })).uploadId
}

async function signOne(
  { application }: EmbeddedService,
  ci: Caller,
  uploadId: string,
  ends: RequestEnds,
): Promise<void> {
  const input = {
    project: 'demo',
    signingPolicy: 'test-signing',
    source: { kind: 'uploadedFile', uploadId },
    description: null,
  }
  const { signingRequestId } = await application.submitSigningRequest(ci, input)
  await ends.end(signingRequestId)
}
