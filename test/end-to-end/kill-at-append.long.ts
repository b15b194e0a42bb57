import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { openSqliteEventLog } from '../../event-log/index.ts'
import { readCredentials } from '../../server/embedded/credentials.ts'
import { allFinal } from '../support/all-final.ts'
import { expectAllCompletedOnce, type Observed } from '../support/completed-once.ts'
import { openEmbeddedOrganization } from '../support/embedded-organization.ts'
import { freePort } from '../support/free-port.ts'
import { type KillOrder, killOrderVariable } from '../support/kill-at-append/event-log.ts'
import { makeDemo } from '../support/make-demo.ts'
import { requestHistories } from '../support/request-histories.ts'
import { type RequestTraffic, requestTraffic } from '../support/request-traffic.ts'
import { serviceClient } from '../support/service-client.ts'
import { type ServiceProcess, startEmbedded } from '../support/service-processes.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { startGatedAuthority } from '../support/split-service.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const timeoutMs = 240_000
const moments = ['before', 'after'] as const
const hook = pathToFileURL(join(import.meta.dirname, '../support/kill-at-append/hook.ts')).href

/** Everything of `npm start` in one process group, which ends itself at the append that is ordered. */
async function mortalService() {
  const data = join(temporaryFolder(), 'data')
  await makeDemo(data)
  const { gate, timeStampRoot, closeGate } = await startGatedAuthority(data)
  onTestFinished(closeGate)
  const log = openSqliteEventLog({ path: join(data, 'event-log.db') })
  onTestFinished(() => log.close())
  const order = join(data, 'kill-order.json')
  const environment = {
    COUNTERSIGN_DATA: data,
    COUNTERSIGN_PORT: String(await freePort()),
    COUNTERSIGN_TIMESTAMP_URLS: gate.url,
    NODE_OPTIONS: `--import=${hook}`,
    [killOrderVariable]: order,
  }
  let running: ServiceProcess = await startEmbedded(environment)
  onTestFinished(async () => void (await running.end('SIGKILL')), 60_000)
  const credentials = await readCredentials(data)
  if (credentials === undefined) throw new Error('There is no demo')
  const service: Observed = { url: running.url, credentials, log, timeStampRoot }

  /** Does something, has everything end at the append, and starts it again. */
  async function killedAt(what: KillOrder, cause: () => unknown): Promise<void> {
    writeFileSync(`${order}.new`, JSON.stringify(what))
    renameSync(`${order}.new`, order)
    await cause()
    await until(`everything ended ${what.moment} ${what.type}`, () => !isAlive(running.pid), timeoutMs)
    expect(existsSync(order)).toBe(false)
    running = await startEmbedded(environment)
  }
  const clients = requestTraffic(service.url, credentials.users, (ordinal) =>
    smallPeFile(Buffer.from(`program ${ordinal}`)),
  )
  return { data, service, gate, clients, killedAt }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Approves whatever waits while `work` goes on. */
async function whileApproving(clients: RequestTraffic, work: () => Promise<unknown>): Promise<void> {
  const end = new AbortController()
  const approving = clients.approve(end.signal)
  const done = work()
  await Promise.race([done, approving]).finally(() => end.abort())
  await Promise.all([done, approving])
}

const unapproved = [
  'SigningRequestSubmitted',
  'ArtifactRetrieved',
  'SigningPlanned',
  'SigningStarted',
  'FilesSigned',
] as const
const approved = [...unapproved.slice(0, 3), 'ApprovalGranted', ...unapproved.slice(3)] as const

it.each([
  { policy: 'test-signing', types: unapproved },
  { policy: 'release-signing', types: approved },
] as const)(
  'killed at every event of requests of $policy, before and after its append, each completes once',
  async ({ policy, types }) => {
    const { service, clients, killedAt } = await mortalService()
    const submissions: Promise<string>[] = []
    await whileApproving(clients, async () => {
      for (const type of types)
        for (const moment of moments) {
          await killedAt({ type, moment }, () => void submissions.push(clients.submit(policy)))
          await allFinal(service.log, timeoutMs)
        }
      await Promise.all(submissions)
      await allFinal(service.log, timeoutMs)
    })
    await expectAllCompletedOnce(service, clients.accepted)
    expect(clients.accepted.size).toBe(2 * types.length)
  },
  30 * 60_000,
)

it(
  'killed at the last approval, before and after its append, a request completes once without anybody calling again',
  async () => {
    const { service, clients, killedAt } = await mortalService()
    const [first, second] = ['approver-1', 'approver-2'].map((name) =>
      serviceClient(service.url, service.credentials.users[name]?.token),
    )
    for (const moment of moments) {
      const id = await clients.submit('release-signing')
      const planned = async () => (await requestHistories(service.log)).get(id)?.request.plan ?? undefined
      const { digest: planDigest } = await until('it is planned', planned, timeoutMs)
      const approve = (by: typeof first) => by?.ask(approveDocument, { input: { signingRequestId: id, planDigest } })
      await approve(first)
      await killedAt({ type: 'ApprovalGranted', moment }, () => void approve(second)?.catch(() => undefined))
      if (moment === 'before')
        // Nobody was told that it was given, and it was not.
        await until(
          'it is given',
          () =>
            approve(second)?.then(
              () => true,
              () => false,
            ),
          timeoutMs,
        )
      await allFinal(service.log, timeoutMs)
    }
    await expectAllCompletedOnce(service, clients.accepted)
  },
  30 * 60_000,
)

it(
  'killed at every other end of a request, and at a delay, before and after its append, each request ends so, once',
  async () => {
    const { service, gate, clients, killedAt } = await mortalService()
    const { credentials, url, log } = service
    const ofSetUp = await requestHistories(log)
    const ci = serviceClient(url, credentials.users.ci?.token)
    const approver = serviceClient(url, credentials.users['approver-1']?.token)
    const ends: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
      ApprovalDenied: (id) => approver.ask(denyDocument, { input: { signingRequestId: id, comment: 'no' } }),
      SigningRequestCanceled: (id) => ci.ask(cancelDocument, { input: { signingRequestId: id, reason: 'no' } }),
    }
    for (const [type, end] of Object.entries(ends))
      for (const moment of moments) {
        const id = await clients.submit('release-signing')
        const waits = async () => (await requestHistories(log)).get(id)?.request.workflowStatus === 'WaitingForApproval'
        await until('it waits', waits, timeoutMs)
        await killedAt({ type, moment }, () => void end(id).catch(() => undefined))
        // Who lost their answer asks again, and is told that it is done, or does it.
        await until(
          'it is over',
          () =>
            end(id).then(
              () => true,
              ({ code }) => code === 'SIGNING_REQUEST_FINAL',
            ),
          timeoutMs,
        )
      }
    for (const moment of moments) {
      const uploadId = await ci.upload('program.exe', Buffer.from(`no program ${moment}`))
      const input = { project: 'demo', signingPolicy: 'test-signing', uploadId }
      const submitted = () => void ci.ask(submitDocument, { input }).catch(() => undefined)
      await killedAt({ type: 'SigningRequestFailed', moment }, submitted)
      await allFinal(log, timeoutMs)
    }
    for (const moment of moments) {
      gate.refuse()
      await killedAt({ type: 'SigningRequestDelayed', moment }, () => clients.submit('test-signing'))
      gate.open()
      await allFinal(log, timeoutMs)
    }
    const histories = [...(await requestHistories(log))].flatMap(([id, each]) => (ofSetUp.has(id) ? [] : [each]))
    const finals = histories.map(({ types }) => types.filter((type) => isEnd(type)))
    expect(finals.map(([first, ...more]) => [first, more]).toSorted()).toEqual(
      [
        ...['ApprovalDenied', 'SigningRequestCanceled', 'SigningRequestFailed', 'SigningRequestCompleted'].flatMap(
          (type) => [
            [type, []],
            [type, []],
          ],
        ),
      ].toSorted(),
    )
    for (const { types, request } of histories)
      expect(types.filter((type) => type === 'FilesSigned')).toHaveLength(request.signedArtifact === null ? 0 : 1)
  },
  30 * 60_000,
)

it(
  'killed when an approval expires or is taken back, before and after its append, each request ends so, once',
  async () => {
    const { data, service, clients, killedAt } = await mortalService()
    const { credentials, url, log } = service
    const ofSetUp = await requestHistories(log)
    const organization = await openEmbeddedOrganization(data)
    onTestFinished(() => organization.close())
    const common = { notAfter: new Date(Date.now() + 86_400_000), submitters: ['ci'] }
    const approvers = ['approver-1', 'approver-2', 'approver-3']
    await organization.addPolicy({ ...common, slug: 'short', approvers, deadlineSeconds: 30 })
    const ci = serviceClient(url, credentials.users.ci?.token)
    for (const moment of moments) {
      const uploadId = await ci.upload('program.exe', smallPeFile(Buffer.from(`expires ${moment}`)))
      const input = { project: 'demo', signingPolicy: 'short', uploadId }
      await killedAt({ type: 'ApprovalExpired', moment }, () => ci.ask(submitDocument, { input }))
      await allFinal(log, timeoutMs)
    }
    const [first, second, third] = approvers.map((name) => serviceClient(url, credentials.users[name]?.token))
    for (const moment of moments) {
      const id = await clients.submit('release-signing')
      const planned = async () => (await requestHistories(log)).get(id)?.request.plan ?? undefined
      const { digest: planDigest } = await until('it is planned', planned, timeoutMs)
      const input = { signingRequestId: id, planDigest }
      await first?.ask(approveDocument, { input })
      await organization.deactivate('approver-1')
      const completed = () => void second?.ask(approveDocument, { input }).catch(() => undefined)
      await killedAt({ type: 'ApprovalInvalidated', moment }, completed)
      const isTakenBack = async () => (await requestHistories(log)).get(id)?.types.includes('ApprovalInvalidated')
      await until('it is taken back', isTakenBack, timeoutMs)
      await until(
        'another approves',
        () =>
          third?.ask(approveDocument, { input }).then(
            () => true,
            ({ code }) => code === 'ALREADY_APPROVED',
          ),
        timeoutMs,
      )
      await allFinal(log, timeoutMs)
      await organization.reactivate('approver-1')
    }
    const histories = [...(await requestHistories(log))].flatMap(([id, each]) => (ofSetUp.has(id) ? [] : [each]))
    const count = (types: readonly string[], type: string) => types.filter((each) => each === type).length
    expect(
      histories.map(({ types }) => [count(types, 'ApprovalExpired'), count(types, 'ApprovalInvalidated')]),
    ).toEqual([
      [1, 0],
      [1, 0],
      [0, 1],
      [0, 1],
    ])
    expect(histories.map(({ request }) => request.workflowStatus)).toEqual([
      'Denied',
      'Denied',
      'Completed',
      'Completed',
    ])
    for (const { types, request } of histories)
      expect(count(types, 'FilesSigned')).toBe(request.signedArtifact === null ? 0 : 1)
  },
  30 * 60_000,
)

function isEnd(type: string): boolean {
  return ['ApprovalDenied', 'SigningRequestCanceled', 'SigningRequestFailed', 'SigningRequestCompleted'].includes(type)
}

const approveDocument =
  'mutation ($input: ApproveSigningRequestInput!) { approveSigningRequest(input: $input) { position } }'
const denyDocument = 'mutation ($input: DenySigningRequestInput!) { denySigningRequest(input: $input) { position } }'
const cancelDocument =
  'mutation ($input: CancelSigningRequestInput!) { cancelSigningRequest(input: $input) { position } }'
const submitDocument = `mutation ($input: SubmitSigningRequestInput!) {
  submitSigningRequest(input: $input) { signingRequestId }
}`
