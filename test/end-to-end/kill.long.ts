import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { allFinal, isFinal } from '../support/all-final.ts'
import { expectAllCompletedOnce } from '../support/completed-once.ts'
import { makeDemo } from '../support/make-demo.ts'
import { requestHistories } from '../support/request-histories.ts'
import { requestTraffic } from '../support/request-traffic.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { countersign } from '../support/service-processes.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { type Part, startSplitService } from '../support/split-service.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const requests = Number(process.env.SOAK_REQUESTS ?? 150)
const seed = Number(process.env.SOAK_SEED ?? randomInt(2 ** 31))
const parts: readonly Part[] = ['worker', 'signer', 'temporal', 'api', 'projector']
const timeoutMs = 180_000

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
        const ordinal = requests - left
        await until('the next kill', () => ordinal <= (kills + 1) * between, timeoutMs)
        await clients.submit(random.oneOf(['test-signing', 'release-signing'] as const))
      }
    }
    const events = async () => {
      let count = 0
      for (const { types } of (await requestHistories(log)).values()) count += types.length
      return count
    }
    const nothingOpen = async () => [...(await requestHistories(log)).values()].every(isFinal)
    const someProgress = async () => {
      const before = await events()
      const more = random.below(12)
      const enough = async () => gate.waiting() > 0 || (await events()) >= before + more || (await nothingOpen())
      await until(`${more} more events`, enough, timeoutMs)
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
      const done = histories.filter(isFinal).length
      say(`${kills} kills, ${clients.accepted.size} accepted, ${done} of ${histories.length} done`)
    }

    let ended = false
    const submitting = Promise.all([submitAll(), submitAll(), submitAll(), submitAll()]).finally(() => {
      ended = true
    })
    const killing = (async () => {
      while (!ended) await killAtRandom()
    })()
    const all = Promise.all([submitting, killing]).then(() => allFinal(log, timeoutMs))
    const end = new AbortController()
    const approving = clients.approve(end.signal)
    // The approvers end first only when they were refused something.
    await Promise.race([all, approving]).finally(() => end.abort())
    await Promise.all([all, approving])
    await expectAllCompletedOnce(service, clients.accepted)
    const compared = await countersign(['audit', 'replay', '--compare'], service.environment).done
    expect(compared, compared.stdout).toMatchObject({ code: 0, stderr: '' })
    const attempts = [...(await requestHistories(log)).values()].map(({ request }) => request.attempts)
    say(`${attempts.filter((count) => count > 1).length} of ${attempts.length} requests were signed in a later attempt`)
  },
  30 * 60_000,
)

it(
  'a signer and a worker that stood still find their requests completed by others, and complete none again',
  async () => {
    const data = join(temporaryFolder(), 'data')
    await makeDemo(data)
    const service = await startSplitService(data)
    onTestFinished(() => service.close(), 60_000)
    const { gate, log } = service
    const clients = requestTraffic(service.url, service.credentials.users, (ordinal) =>
      smallPeFile(Buffer.from(`program ${ordinal}`)),
    )
    gate.shut()
    await Promise.all(Array.from({ length: 6 }, () => clients.submit('test-signing')))
    await until('six signatures await their time-stamp', () => gate.waiting() === 6, timeoutMs)
    const still = [await service.startAnother('signer'), await service.startAnother('worker')]
    for (const { pid } of still) process.kill(pid, 'SIGSTOP')
    await until('the others are at it', () => gate.waiting() === 12, timeoutMs)
    gate.open()
    await allFinal(log, timeoutMs)
    for (const { pid } of still) process.kill(pid, 'SIGCONT')
    // They end in good order only when they have come to terms with what happened meanwhile.
    for (const each of still) expect(await each.end('SIGTERM')).toEqual({ code: 0, signal: null })
    await expectAllCompletedOnce(service, clients.accepted)
    const histories = [...(await requestHistories(log)).values()].filter(({ request }) =>
      clients.accepted.has(request.signingRequestId),
    )
    expect(histories.map(({ request }) => request.attempts)).toEqual([2, 2, 2, 2, 2, 2])
  },
  10 * 60_000,
)
