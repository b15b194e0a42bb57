import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openSqliteEventLog } from '../../event-log/index.ts'
import { readCredentials } from '../../server/embedded/credentials.ts'
import { allFinal, isFinal } from '../support/all-final.ts'
import { expectAllCompletedOnce, type Observed } from '../support/completed-once.ts'
import { freePort } from '../support/free-port.ts'
import { makeDemo } from '../support/make-demo.ts'
import { requestHistories } from '../support/request-histories.ts'
import { type RequestTraffic, requestTraffic } from '../support/request-traffic.ts'
import { countersign, type ServiceProcess, startEmbedded } from '../support/service-processes.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { type SplitService, startGatedAuthority, startSplitService } from '../support/split-service.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const policies = ['test-signing', 'release-signing'] as const
/** Time-outs of what was killed have to pass, and two cores may be busy with other tests. */
const recoveryMs = 90_000
const prepared = join(suiteFolder(), 'data')

beforeAll(() => makeDemo(prepared), 120_000)

/** A data directory of one test, with the demo organization in it. */
function dataDirectory(): string {
  const data = join(temporaryFolder(), 'data')
  cpSync(prepared, data, { recursive: true })
  return data
}

async function splitService(): Promise<SplitService> {
  const service = await startSplitService(dataDirectory())
  onTestFinished(() => service.close(), 60_000)
  return service
}

function traffic({ url, credentials }: Pick<SplitService, 'url' | 'credentials'>): RequestTraffic {
  return requestTraffic(url, credentials.users, (ordinal) => smallPeFile(Buffer.from(`program ${ordinal}`)))
}

function submitSix(clients: RequestTraffic): Promise<string>[] {
  return [...policies, ...policies, ...policies].map((policy) => clients.submit(policy))
}

/** Approves what waits while `work` goes on, and until every request is over; what approvers are refused is a fault. */
async function whileApproving(clients: RequestTraffic, service: Observed, work: () => Promise<unknown>): Promise<void> {
  const end = new AbortController()
  const approving = clients.approve(end.signal)
  const all = work().then(() => allFinal(service.log, recoveryMs))
  await Promise.race([all, approving]).finally(() => end.abort())
  await Promise.all([all, approving])
}

async function unfinished({ log }: Observed): Promise<readonly string[]> {
  return [...(await requestHistories(log))].flatMap(([id, history]) => (isFinal(history) ? [] : [id]))
}

describe('after kill -9', { timeout: 360_000 }, () => {
  it('of every part in turn, in the middle of requests, each request completes once and none is lost', async () => {
    const service = await splitService()
    const { gate } = service
    const clients = traffic(service)
    const submissions: Promise<string>[] = []
    await whileApproving(clients, service, async () => {
      for (const victim of ['worker', 'signer', 'temporal', 'api', 'projector'] as const) {
        gate.shut()
        submissions.push(...submitSix(clients))
        await until('the key was used and the time-stamp is awaited', () => gate.waiting() > 0, recoveryMs)
        submissions.push(...submitSix(clients))
        await service.kill(victim)
        gate.open()
        await service.start(victim)
      }
      await Promise.all(submissions)
    })
    await expectAllCompletedOnce(service, clients.accepted)
    const compared = await countersign(['audit', 'replay', '--compare'], service.environment).done
    expect(compared, compared.stdout).toMatchObject({ code: 0, stderr: '' })
    const histories = [...(await requestHistories(service.log)).values()]
    // A signature that was interrupted is in the log as an attempt of its own.
    expect(histories.filter(({ request }) => request.attempts > 1).length).toBeGreaterThan(0)
  })

  it.each([
    { how: '`request resume`', restarted: ['temporal', 'signer'], byCommand: true },
    { how: 'the next start of a worker', restarted: ['temporal', 'signer', 'worker'], byCommand: false },
  ] as const)('and the loss of all that Temporal knew, $how has every request complete once', async (given) => {
    const service = await splitService()
    const { gate } = service
    const clients = traffic(service)
    gate.shut()
    await Promise.all(submitSix(clients))
    await until('the key was used and the time-stamp is awaited', () => gate.waiting() > 0, recoveryMs)
    // Without the signer nothing that is under way can complete by itself.
    await Promise.all(given.restarted.map(service.kill))
    service.loseTemporalDatabase()
    gate.open()
    const lost = await unfinished(service)
    expect(lost).toHaveLength(6)
    await Promise.all(given.restarted.map(service.start))
    if (given.byCommand) {
      const ran = await countersign(['request', 'resume', '--json'], service.environment).done
      expect(ran).toMatchObject({ code: 0, stderr: '' })
      const { started } = JSON.parse(ran.stdout) as { started: string[] }
      expect(started.toSorted()).toEqual(lost.toSorted())
    }
    await whileApproving(clients, service, async () => undefined)
    await expectAllCompletedOnce(service, clients.accepted)
  })

  it('of everything that `npm start` started, the next start goes on with the requests in flight', async () => {
    const { service, gate, clients, embedded, start } = await embeddedService()
    gate.shut()
    await Promise.all(submitSix(clients))
    await until('the key was used and the time-stamp is awaited', () => gate.waiting() > 0, recoveryMs)
    const late = submitSix(clients)
    await embedded.end('SIGKILL')
    gate.open()
    expect((await unfinished(service)).length).toBeGreaterThanOrEqual(6)
    await start()
    await whileApproving(clients, service, () => Promise.all(late))
    await expectAllCompletedOnce(service, clients.accepted)
  })

  it('of the Temporal server inside `npm start`, all that it knew lost, everything goes on by itself', async () => {
    const { service, gate, clients, data } = await embeddedService()
    gate.shut()
    await Promise.all(submitSix(clients))
    await until('the key was used and the time-stamp is awaited', () => gate.waiting() > 0, recoveryMs)
    const folder = join(data, 'temporal')
    const { pid } = JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')) as { pid: number }
    // Before the kill, because it is started again at once.
    for (const name of readdirSync(folder)) if (name.startsWith('temporal.db')) rmSync(join(folder, name))
    process.kill(pid, 'SIGKILL')
    const late = submitSix(clients)
    gate.open()
    await whileApproving(clients, service, () => Promise.all(late))
    await expectAllCompletedOnce(service, clients.accepted)
  })
})

/** The embedded service on a data directory of its own, its time-stamps behind a gate. */
async function embeddedService() {
  const data = dataDirectory()
  const { gate, timeStampRoot, closeGate } = await startGatedAuthority(data)
  onTestFinished(closeGate)
  const log = await openSqliteEventLog({ path: join(data, 'event-log.db') })
  onTestFinished(() => log.close())
  const environment = {
    COUNTERSIGN_DATA: data,
    COUNTERSIGN_PORT: String(await freePort()),
    COUNTERSIGN_TIMESTAMP_URLS: gate.url,
  }
  async function start(): Promise<ServiceProcess> {
    const started = await startEmbedded(environment)
    onTestFinished(async () => void (await started.end('SIGTERM')), 60_000)
    return started
  }
  const embedded = await start()
  const credentials = await readCredentials(data)
  if (credentials === undefined) throw new Error('There is no demo')
  const service: Observed = { url: embedded.url, credentials, log, timeStampRoot }
  return { service, gate, clients: traffic(service), data, embedded, start }
}
