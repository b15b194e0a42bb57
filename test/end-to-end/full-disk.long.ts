import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type EventLog, openSqliteEventLog } from '../../event-log/index.ts'
import { type Credentials, readCredentials } from '../../server/embedded/credentials.ts'
import { allFinal } from '../support/all-final.ts'
import { expectAllCompletedOnce } from '../support/completed-once.ts'
import { requestHistories } from '../support/request-histories.ts'
import { type ServiceClient, type ServiceFailure, serviceClient } from '../support/service-client.ts'
import {
  countersign,
  type EmbeddedEnvironment,
  type ServiceProcess,
  startEmbedded,
} from '../support/service-processes.ts'
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { startGatedAuthority } from '../support/split-service.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import type { TimeStampGate } from '../support/time-stamp-gate.ts'
import { until } from '../support/until.ts'
import { type WriteFault, type WriteFaults, writeFaults } from '../support/write-faults/index.ts'

/** Longer than any pause between two tries of a step. */
const recoveryMs = 120_000
/** What callers are told while the disk is full: that it is, or that a part which needs it does not do its work. */
const toldWhenFull = /^(DISK_FULL|DISK_UNWRITABLE|ARTIFACT_STORE_FULL|ARTIFACT_STORE_UNAVAILABLE): /

/** How the disk takes nothing more, and does again. */
type Trouble = { readonly name: string; readonly begin: () => void; readonly end: () => void }
const breaking = (fault: WriteFault, name: string): Trouble => ({
  name,
  begin: () => faults.begin(fault),
  end: () => faults.end(),
})
const troubles: readonly Trouble[] = [
  { name: 'is full to the last byte', begin: () => disk.fill(0), end: () => disk.free() },
  { name: 'is almost full', begin: () => disk.fill(2 * 1024 ** 2), end: () => disk.free() },
  breaking('EDQUOT', 'has a quota that is used up'),
  breaking('EROFS', 'has become read-only'),
  breaking('EIO', 'is broken'),
]

let disk: SmallDisk
let faults: WriteFaults
let gate: TimeStampGate
let timeStampRoot: string
let service: ServiceProcess
let credentials: Credentials
let log: EventLog
let environment: EmbeddedEnvironment
let programs = 0
const suitesFolder = suiteFolder()
const afterThis: (() => unknown)[] = []

/** The whole service with everything that it writes on a disk of its own. */
async function startOnSmallDisk(): Promise<void> {
  const folder = suitesFolder
  disk = mountSmallDisk(256, mkdtempSync(join(folder, 'disk-')))
  afterThis.push(disk.unmount)
  const data = join(disk.path, 'data')
  const authority = await startGatedAuthority(mkdtempSync(join(folder, 'authority-')))
  ;({ gate, timeStampRoot } = authority)
  afterThis.push(authority.closeGate)
  faults = writeFaults(disk.path, mkdtempSync(join(folder, 'faults-')))
  environment = {
    ...faults.environment,
    COUNTERSIGN_DATA: data,
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_OPERATOR_TOKEN: 'the-token-of-an-operator',
    COUNTERSIGN_TIMESTAMP_URLS: gate.url,
  }
  service = await startEmbedded(environment)
  afterThis.push(() => service.end('SIGKILL'))
  const known = await readCredentials(data)
  if (known === undefined) throw new Error('There is no demo.')
  credentials = known
  log = openSqliteEventLog({ path: join(data, 'event-log.db') })
  afterThis.push(() => log.close())
}

async function endAll(): Promise<void> {
  for (const end of afterThis.splice(0).reverse()) await end()
}

const as = (user: string): ServiceClient => serviceClient(service.url, credentials.users[user]?.token)
const upload = () => as('ci').upload('program.exe', smallPeFile(Buffer.alloc(50_000, `program ${programs++} `)))

async function submit(uploadId: string, signingPolicy: string): Promise<string> {
  const document = `mutation ($input: SubmitSigningRequestInput!) {
    submitSigningRequest(input: $input) { signingRequestId }
  }`
  const input = { project: 'demo', signingPolicy, uploadId }
  const { submitSigningRequest } = await as('ci').ask<{ submitSigningRequest: { signingRequestId: string } }>(
    document,
    { input },
  )
  return submitSigningRequest.signingRequestId
}

type Shown = {
  readonly workflowStatus: string
  readonly plan: { readonly digest: string } | null
  readonly signedArtifactLink: string
}

async function show(id: string): Promise<Shown> {
  const document = `query ($id: ID!) {
    signingRequest(id: $id) { workflowStatus plan { digest } signedArtifactLink }
  }`
  return (await as('administrator').ask<{ signingRequest: Shown }>(document, { id })).signingRequest
}

async function waiting(): Promise<{ readonly id: string; readonly digest: string }> {
  const id = await submit(await upload(), 'release-signing')
  const { plan } = await until(
    'the request waits for approval',
    async () => {
      const shown = await show(id)
      return shown.workflowStatus === 'WaitingForApproval' ? shown : undefined
    },
    recoveryMs,
  )
  return { id, digest: plan?.digest ?? '' }
}

function approve(user: string, { id, digest }: { readonly id: string; readonly digest: string }): Promise<unknown> {
  const document = `mutation ($input: ApproveSigningRequestInput!) { approveSigningRequest(input: $input) { position } }`
  return as(user).ask(document, { input: { signingRequestId: id, planDigest: digest } })
}

async function ready(): Promise<{ readonly status: number; readonly reasons: Readonly<Record<string, string>> }> {
  const response = await fetch(`${service.url}/health/ready`, {
    headers: { authorization: 'Bearer the-token-of-an-operator' },
  })
  const { checks } = (await response.json()) as { checks: Record<string, { status: string; reason?: string }> }
  const down = Object.entries(checks).filter(([, { status }]) => status === 'down')
  return { status: response.status, reasons: Object.fromEntries(down.map(([name, { reason = '' }]) => [name, reason])) }
}

/** What holds as long as nothing can be written. */
async function expectAnswers(): Promise<void> {
  const reason = await until('readiness says so', async () => (await ready()).reasons.disk)
  expect(reason).toMatch(/^DISK_(FULL|UNWRITABLE): .*countersign/)
  expect((await fetch(`${service.url}/health/live`)).status).toBe(200)
  const { signingRequests } = await as('ci').ask<{ signingRequests: { nodes: readonly object[] } }>(
    'query { signingRequests(first: 10) { nodes { signingRequestId workflowStatus } } }',
  )
  expect(signingRequests.nodes.length).toBeGreaterThan(0)
  // What nobody may do is refused as always, though the refusal cannot be recorded now.
  await expect(serviceClient(service.url, 'nonsense').ask('query { __typename }')).rejects.toThrow(/^TOKEN_INVALID: /)
}

/** What holds when there is room again: everything goes on by itself, nothing is lost and nothing was done twice. */
async function expectWhole(accepted: readonly string[]): Promise<void> {
  await until('it is ready again', async () => (await ready()).status === 200, recoveryMs)
  await allFinal(log, recoveryMs)
  const failures = [...(await requestHistories(log)).values()].flatMap(({ request }) => request.failure ?? [])
  expect(failures).toEqual([])
  await expectAllCompletedOnce({ url: service.url, credentials, log, timeStampRoot }, new Set(accepted))
  const compared = await countersign(['audit', 'replay', '--compare'], environment).done
  expect(compared, compared.stdout).toMatchObject({ code: 0, stderr: '' })
}

/** Approves until it is done; what was answered with the disk's trouble may have been recorded after it. */
function approvedBy(user: string, request: { readonly id: string; readonly digest: string }): Promise<true> {
  return until(
    `${user} has approved`,
    () =>
      approve(user, request).then(
        () => true,
        (error: ServiceFailure) => error.code === 'ALREADY_APPROVED',
      ),
    recoveryMs,
  )
}

/** Tries again while what was full is still being taken up. */
function eventually<Answer extends object | string>(call: () => Promise<Answer>): Promise<Answer> {
  return until('the call succeeds', () => call().catch(() => undefined), recoveryMs) as Promise<Answer>
}

describe.each(troubles)('a disk that $name', ({ name, begin, end }) => {
  beforeAll(startOnSmallDisk, 180_000)
  afterAll(endAll, 60_000)
  afterEach(end)

  it('refuses uploads, submissions and approvals with its code, and takes them when it is whole', async () => {
    begin()
    await expect(upload()).rejects.toThrow(toldWhenFull)
    await expectAnswers()
    end()
    const uploadId = await eventually(upload)

    begin()
    await expect(submit(uploadId, 'test-signing')).rejects.toThrow(toldWhenFull)
    await expectAnswers()
    end()
    const quick = await eventually(() => submit(uploadId, 'test-signing'))
    const request = await waiting()

    begin()
    await expect(approve('approver-1', request)).rejects.toThrow(toldWhenFull)
    await expectAnswers()
    end()
    for (const user of ['approver-1', 'approver-2']) await approvedBy(user, request)
    await expectWhole([quick, request.id])
  })

  it('while the key signs, right after the last approval, has the request wait', async () => {
    const request = await waiting()
    await approve('approver-1', request)
    gate.shut()
    await approve('approver-2', request)
    await until('the key was used and the time-stamp is awaited', () => gate.waiting() > 0, recoveryMs)
    begin()
    gate.open()
    await until('the signature got its time-stamp', () => gate.waiting() === 0, recoveryMs)
    await expectAnswers()
    // What still fits may complete.
    const possible = name === 'is almost full' ? ['Processing', 'Completed'] : ['Processing']
    expect(possible).toContain((await show(request.id)).workflowStatus)
    end()
    await expectWhole([request.id])
  })

  it('lets signed files be downloaded', async () => {
    const id = await submit(await upload(), 'test-signing')
    await allFinal(log, recoveryMs)
    const { signedArtifactLink } = await until('it can be downloaded', async () => {
      const shown = await show(id)
      return shown.workflowStatus === 'Completed' ? shown : undefined
    })
    begin()
    const bytes = await as('ci').download(signedArtifactLink)
    expect(bytes.length).toBeGreaterThan(50_000)
    await expectAnswers()
    end()
    await expectWhole([id])
  })

  it.skipIf(name === 'is almost full')(
    'costs lines of the log file and nothing else, and the log says so afterwards',
    async () => {
      begin()
      await until('the log has trouble', async () => {
        // Every failure of this kind is a line.
        await upload().catch(() => undefined)
        return (await ready()).reasons.log
      })
      await expectAnswers()
      end()
      await expectWhole([await eventually(async () => submit(await upload(), 'test-signing'))])
    },
  )
})
