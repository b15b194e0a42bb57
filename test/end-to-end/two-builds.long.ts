import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { allFinal, isFinal } from '../support/all-final.ts'
import { makeDemo } from '../support/make-demo.ts'
import { makeNewerBuild, noteType } from '../support/newer-build.ts'
import { requestHistories } from '../support/request-histories.ts'
import { type RequestTraffic, requestTraffic } from '../support/request-traffic.ts'
import { serviceClient } from '../support/service-client.ts'
import { startRoles } from '../support/service-processes.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { startSplitService } from '../support/split-service.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const timeoutMs = 300_000
const roles = ['projector', 'worker', 'signer', 'api'] as const

const listDocument = 'query { signingRequests(first: 100) { nodes { signingRequestId workflowStatus } } }'

/** Asks an API for its requests again and again; `failures` is what it answered besides. */
function askThroughout(url: string, token: string | undefined) {
  const client = serviceClient(url, token)
  const end = new AbortController()
  const failures: unknown[] = []
  let answers = 0
  const asking = (async () => {
    while (!end.signal.aborted)
      await client.ask(listDocument).then(
        () => {
          answers += 1
        },
        (error) => failures.push(error),
      )
  })()
  return {
    async stop(): Promise<readonly unknown[]> {
      end.abort()
      await asking
      expect(answers).toBeGreaterThan(0)
      return failures
    },
  }
}

async function whileApproving(clients: RequestTraffic, work: () => Promise<unknown>): Promise<void> {
  const end = new AbortController()
  const approving = clients.approve(end.signal)
  await Promise.race([work(), approving]).finally(() => end.abort())
  await approving
}

it(
  'beside a build that writes one more type of event, requests wait, none fails, queries are answered, and the newer build ends all',
  async () => {
    const data = join(temporaryFolder(), 'data')
    await makeDemo(data)
    const service = await startSplitService(data)
    onTestFinished(() => service.close(), 60_000)
    const { log, credentials } = service
    const ofSetUp = new Set((await requestHistories(log)).keys())
    const histories = async () =>
      [...(await requestHistories(log, noteType))].flatMap(([id, each]) => (ofSetUp.has(id) ? [] : [each]))
    const noted = async () => (await histories()).filter(({ types }) => types.includes(noteType)).length
    let programs = 0
    const program = () => smallPeFile(Buffer.from(`program ${programs++}`))
    const older = requestTraffic(service.url, credentials.users, program)
    for (let index = 0; index < 6; index += 1) await older.submit('release-signing')

    const build = makeNewerBuild()
    const newer = new Map<string, string>()
    for (const role of roles) {
      const started = await startRoles(role, { ...service.environmentOf(role), COUNTERSIGN_PORT: '0' }, build)
      onTestFinished(() => void started.end('SIGKILL'))
      newer.set(role, started.url)
    }
    const newerUrl = newer.get('api') ?? ''
    const reader = credentials.users.administrator?.token
    const asked = [askThroughout(service.url, reader), askThroughout(newerUrl, reader)]
    const clients = requestTraffic(newerUrl, credentials.users, program)

    // Which build an approval comes to is chance; so the older one is away until one has come to the newer.
    await service.stop('worker')
    await whileApproving(clients, () => until('the newer build writes', async () => (await noted()) > 0, timeoutMs))
    await service.start('worker')
    await whileApproving(clients, async () => {
      for (let index = 0; index < 6; index += 1) await clients.submit('release-signing')
      const settled = async () => (await histories()).filter(isFinal).length >= 4
      await until('some are completed', settled, timeoutMs)
    })
    for (const { request } of await histories()) expect(request.failure).toBeNull()
    const failures = await Promise.all(asked.map((each) => each.stop()))
    expect(failures).toEqual([[], []])

    for (const role of roles) await service.stop(role)
    await whileApproving(clients, () => allFinal(log, timeoutMs, noteType))
    for (const { request, types } of await histories()) {
      expect(request).toMatchObject({ workflowStatus: 'Completed', failure: null })
      expect(types.filter((type) => type === 'SigningRequestCompleted')).toHaveLength(1)
    }
    expect(await histories()).toHaveLength(12)
  },
  30 * 60_000,
)
