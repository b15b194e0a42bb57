import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { isFinalStatus } from '../../domain/index.ts'
import { expectAllCompletedOnce } from '../support/completed-once.ts'
import { requestHistories } from '../support/request-histories.ts'
import { requestTraffic } from '../support/request-traffic.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { countersign } from '../support/service-processes.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { makeDemo, type Part, startSplitService } from '../support/split-service.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const requests = Number(process.env.SOAK_REQUESTS ?? 150)
const seed = Number(process.env.SOAK_SEED ?? randomInt(2 ** 31))
const parts: readonly Part[] = ['worker', 'signer', 'temporal', 'api', 'projector']
const patienceMs = 180_000

it(
  `completes ${requests} requests once each through random kills (SOAK_SEED=${seed})`,
  async () => {
    const random = seededRandom(seed)
    const say = (what: string) => console.log(`${(performance.now() / 1000).toFixed(1)} s  ${what}`)
    const data = join(temporaryFolder(), 'data')
    await makeDemo(data)
    const service = await startSplitService(data)
    onTestFinished(() => service.close(), 60_000)
    const { gate, log } = service
    const content = (ordinal: number) => Buffer.alloc(1 + ((ordinal * 7919) % 200_000), `program ${ordinal} `)
    const clients = requestTraffic(service.url, service.credentials.users, (ordinal) => smallPeFile(content(ordinal)))

    let kills = 0
    let left = requests
    /** So many at most between one kill and the next: the stream has to last for many. */
    const between = 5
    async function submitAll(): Promise<void> {
      while (left > 0) {
        left -= 1
        await until('the next kill', () => requests - left <= (kills + 1) * between, patienceMs)
        await clients.submit(random.oneOf(['test-signing', 'release-signing'] as const))
      }
    }
    const events = async () => {
      let count = 0
      for (const { types } of (await requestHistories(log)).values()) count += types.length
      return count
    }
    const allFinal = async () =>
      [...(await requestHistories(log)).values()].every(({ request }) => isFinalStatus(request.workflowStatus))
    const someProgress = async () => {
      const before = await events()
      const more = random.below(12)
      const enough = async () => gate.waiting() > 0 || (await events()) >= before + more || (await allFinal())
      await until(`${more} more events`, enough, patienceMs)
    }

    async function killAtRandom(): Promise<void> {
      const victims = new Set([random.oneOf(parts), ...(random.below(4) === 0 ? [random.oneOf(parts)] : [])])
      if (random.below(2) === 0) gate.shut()
      await someProgress()
      const lost = victims.has('temporal') && random.below(3) === 0
      say(`kill ${[...victims].join(' and ')}${lost ? ", lose Temporal's database" : ''}`)
      await Promise.all([...victims].map(service.kill))
      gate.open()
      if (lost) service.loseTemporalDatabase()
      // In any order: what needs another part has to wait for it.
      await Promise.all([...victims].map(service.start))
      if (lost) {
        const { code, stdout, stderr } = await countersign(['request', 'resume'], service.environment).done
        expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
      }
      kills += 1
      const histories = [...(await requestHistories(log)).values()]
      const done = histories.filter(({ request }) => isFinalStatus(request.workflowStatus)).length
      say(`${kills} kills, ${clients.accepted.size} accepted, ${done} of ${histories.length} done`)
    }

    let ended = false
    const submitting = Promise.all([submitAll(), submitAll(), submitAll(), submitAll()])
    const killing = (async () => {
      while (!ended) await killAtRandom()
    })()
    const all = (async () => {
      await submitting.finally(() => {
        ended = true
      })
      await killing
      await until('every request is final', allFinal, patienceMs)
    })()
    const end = new AbortController()
    const approving = clients.approve(end.signal)
    // The approvers end first only when they were refused something.
    await Promise.race([all, approving]).finally(() => end.abort())
    await Promise.all([all, approving])
    await expectAllCompletedOnce(service, clients.accepted)
    const attempts = [...(await requestHistories(log)).values()].map(({ request }) => request.attempts)
    say(`${attempts.filter((count) => count > 1).length} of ${attempts.length} requests were signed in a later attempt`)
  },
  30 * 60_000,
)
