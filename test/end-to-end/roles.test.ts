import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allFinal } from '../support/all-final.ts'
import { expectAllCompletedOnce } from '../support/completed-once.ts'
import { makeDemo } from '../support/make-demo.ts'
import { rawConnection } from '../support/raw-connection.ts'
import { type RequestTraffic, requestTraffic } from '../support/request-traffic.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { type SplitService, startSplitService } from '../support/split-service.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { until } from '../support/until.ts'

const roles = ['api', 'worker', 'signer', 'projector'] as const
const recoveryMs = 90_000
const data = join(suiteFolder(), 'data')
let service: SplitService
let clients: RequestTraffic

beforeAll(async () => {
  await makeDemo(data)
  service = await startSplitService(data)
  let programs = 0
  clients = requestTraffic(service.url, service.credentials.users, () => smallPeFile(Buffer.from(`${programs++}`)))
}, 180_000)

afterAll(() => service?.close(), 60_000)

type Readiness = {
  readonly status: string
  readonly checks: Readonly<Record<string, { readonly status: string; readonly reason?: string }>>
}

/** What a role says of itself. */
async function readiness(role: (typeof roles)[number]): Promise<Readiness & { readonly code: number }> {
  const response = await fetch(new URL('/health/ready', service.urlOf(role)))
  return { code: response.status, ...((await response.json()) as Readiness) }
}

/** The names of what is down, in alphabetical order. */
function downIn(readiness: Readiness | undefined): readonly string[] {
  const checks = Object.entries(readiness?.checks ?? {})
  return checks.flatMap(([name, { status }]) => (status === 'down' ? [name] : [])).toSorted()
}

function allReady(): Promise<unknown> {
  const ready = async () => (await Promise.all(roles.map(readiness))).every(({ code }) => code === 200)
  return until('every role is ready', ready, recoveryMs)
}

async function expectToSign(): Promise<void> {
  await clients.submit('test-signing')
  await allFinal(service.log, recoveryMs)
  await expectAllCompletedOnce(service, clients.accepted)
}

describe('the roles', { timeout: 180_000 }, () => {
  it('start without Temporal, say what is down, and work as soon as it is there', async () => {
    await Promise.all([...roles, 'temporal' as const].map(service.kill))
    await Promise.all(roles.map(service.start))
    const [api, worker, signer, projector] = await Promise.all(roles.map(readiness))
    for (const each of [api, worker, signer, projector]) expect(each).toMatchObject({ code: 503, status: 'down' })
    expect(downIn(api)).toEqual(['temporal'])
    expect(downIn(worker)).toEqual(['temporal', 'worker'])
    expect(downIn(signer)).toEqual(['signer', 'temporal'])
    expect(downIn(projector)).toEqual(['temporal'])
    await service.start('temporal')
    await allReady()
    await expectToSign()
  })

  it('say that Temporal went away, and go on when it is back', async () => {
    await service.kill('temporal')
    const saying = roles.map((role) =>
      until(`${role} says it`, async () => downIn(await readiness(role)).includes('temporal')),
    )
    await Promise.all(saying)
    await service.start('temporal')
    await allReady()
    await expectToSign()
  })

  it('outlive what a stranger sends to their ports', async () => {
    await allReady()
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    for (const role of roles)
      for (const packet of [
        `GET //[ HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`,
        `GET /graphql HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n\xff\xff\xff\xff`,
        'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
        '\0\0\0\0\r\n\r\n',
      ]) {
        const { socket, answer, closed } = await rawConnection(Number(new URL(service.urlOf(role)).port), packet)
        await until('an answer, or the end', () => answer() !== '' || closed())
        socket.resetAndDestroy()
      }
    for (const role of roles) expect(await readiness(role)).toMatchObject({ code: 200 })
    await expectToSign()
  })

  it('end in good order on SIGTERM, and the next ones finish what was under way', async () => {
    service.gate.shut()
    await clients.submit('test-signing')
    await until('the time-stamp is awaited', () => service.gate.waiting() > 0, recoveryMs)
    const ends = await Promise.all(roles.map(service.stop))
    expect(ends).toEqual(roles.map(() => ({ code: 0, signal: null })))
    service.gate.open()
    await Promise.all(roles.map(service.start))
    await allReady()
    await allFinal(service.log, recoveryMs)
    await expectAllCompletedOnce(service, clients.accepted)
  })
})
