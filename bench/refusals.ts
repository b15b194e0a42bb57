import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { issueApiToken } from '../application/api-tokens.ts'
import { createUser } from '../application/create-user.ts'
import {
  type Application,
  type ApplicationDependencies,
  type Caller,
  createApplication,
  createOrganization,
  openRefusalAudit,
  type RefusalAudit,
} from '../application/index.ts'
import { Setup } from '../application/setup.ts'
import { type OrganizationId, parseStreamName } from '../domain/index.ts'
import { type EventLog, openSqliteEventLog } from '../event-log/index.ts'
import {
  noBuildSystems,
  noBuilds,
  noConfigurationTexts,
  noSecrets,
  noTargets,
  noWebHooks,
} from '../server/answers-nobody.ts'
import { sourceSummaries } from '../server/source-summaries.ts'
import { decidingWorkflows } from '../test/support/deciding-workflows.ts'
import { testPersons } from '../test/support/persons.ts'
import { withFolder } from './folder.ts'
import { median } from './median.ts'

/** How many calls are under way at any time, in each of the processes. */
const callsAtOnce = 32
/** Further processes of the service that the same flood meets. */
const processes = 2
const minuteMs = 60_000

/** What a flood of refused calls does. */
export type RefusalFigures = {
  readonly refusalsPerSecond: number
  /** The same calls where nothing is recorded. */
  readonly unrecordedPerSecond: number
  readonly refused: number
  /** The most events that stand in all security streams within any minute. */
  readonly mostEventsPerMinute: number
}

/**
 * Floods two processes over one log with calls that are refused: of a user without rights about ids that nobody knows,
 * and with tokens that nobody has, from ever other addresses.
 *
 * @param floodMs longer than a minute, so that counts of a whole one are recorded meanwhile
 */
export async function measureRefusals(floodMs = 70_000, roundMs = 2_000): Promise<RefusalFigures> {
  return withFolder(async (folder) => {
    const path = join(folder, 'log.db')
    const organizationId = randomUUID() as OrganizationId
    const setup = new Setup(organizationId)
    const open = (record: boolean) => openProcess(path, organizationId, record)
    const recording = Array.from({ length: processes }, () => open(true))
    const plain = Array.from({ length: processes }, () => open(false))
    const [first] = recording
    if (first === undefined) throw new Error('There is a process.')
    try {
      await createOrganization(first.dependencies, setup, { name: 'Bench' })
      const nobody = { kind: 'interactive', name: 'Nobody', email: null, roles: [] } as const
      const { userId } = await createUser(first.dependencies, setup, nobody)
      const { token } = await issueApiToken(first.dependencies, setup, { userId, name: 'bench', expiresAt: null })
      const caller = await first.application.authenticate({ apiToken: token }, '192.0.2.1')

      const rates = { recorded: [] as number[], plain: [] as number[] }
      for (let round = 0; round < 3; round += 1) {
        rates.plain.push(perSecond(await flood(plain, caller, roundMs), roundMs))
        rates.recorded.push(perSecond(await flood(recording, caller, roundMs), roundMs))
      }
      const refused = await flood(recording, caller, floodMs)
      for (const { refusals } of recording) await refusals.close()
      return {
        refusalsPerSecond: median(rates.recorded),
        unrecordedPerSecond: median(rates.plain),
        refused,
        mostEventsPerMinute: await mostWithinAMinute(first.log),
      }
    } finally {
      for (const { refusals, log } of [...recording, ...plain]) {
        await refusals.close()
        await log.close()
      }
    }
  })
}

type Process = {
  readonly log: EventLog
  readonly refusals: RefusalAudit
  readonly dependencies: ApplicationDependencies
  readonly application: Application
}

function openProcess(path: string, organizationId: OrganizationId, record: boolean): Process {
  const now = () => new Date().toISOString()
  const log = openSqliteEventLog({ path })
  const refusals = record
    ? openRefusalAudit({ log, now, onError: (error) => Promise.reject(error) })
    : { record: async () => undefined, close: async () => undefined }
  const nothing = async () => Promise.reject(new Error('A refused call gets here.'))
  const dependencies: ApplicationDependencies = {
    log,
    workflows: decidingWorkflows(log, organizationId, now).workflows,
    uploads: { admit: nothing, receive: nothing, discard: nothing },
    sources: { check: nothing, keepSecrets: nothing, chosen: () => ({}), accepted: nothing },
    builds: noBuilds,
    artifacts: {
      async *read() {},
    },
    checkHeader: nothing,
    configurationTexts: noConfigurationTexts,
    sourceSummaries,
    submitters: { policiesOf: nothing, catchUp: nothing },
    certificates: {
      readIssued: () => {
        throw new Error('A refused call gets here.')
      },
      readImported: () => {
        throw new Error('A refused call gets here.')
      },
      policiesUsing: nothing,
      policiesUsingKey: nothing,
    },
    administrators: { of: nothing, catchUp: nothing },
    linkedBuildSystems: { of: nothing, ofJobs: nothing, catchUp: nothing },
    refusals,
    persons: testPersons(),
    secrets: noSecrets,
    checkTarget: noTargets,
    buildSystems: noBuildSystems,
    webHooks: noWebHooks,
    room: { require: async () => undefined },
    now,
  }
  return { log, refusals, dependencies, application: createApplication(dependencies) }
}

/** Calls for so long; answers how many calls were refused. */
async function flood(targets: readonly Process[], caller: Caller, durationMs: number): Promise<number> {
  const end = performance.now() + durationMs
  let refused = 0
  async function call({ application }: Process): Promise<void> {
    while (performance.now() < end) {
      const number = refused
      await refusedCall(application, caller, number).then(
        () => Promise.reject(new Error('A call was not refused.')),
        () => undefined,
      )
      refused += 1
    }
  }
  await Promise.all(targets.flatMap((target) => Array.from({ length: callsAtOnce }, () => call(target))))
  return refused
}

function refusedCall(application: Application, caller: Caller, number: number): Promise<unknown> {
  const signingRequestId = randomUUID()
  switch (number % 4) {
    case 0:
      return application.approveSigningRequest(caller, { signingRequestId, planDigest: 'a'.repeat(64), comment: null })
    case 1:
      return application.cancelSigningRequest(caller, { signingRequestId, reason: null })
    case 2:
      return application.denySigningRequest(caller, { signingRequestId, comment: null })
    default:
      return application.authenticate(
        { apiToken: `csk_${signingRequestId}` },
        `198.51.${(number >> 8) % 256}.${number % 256}`,
      )
  }
}

async function mostWithinAMinute(log: EventLog): Promise<number> {
  const at: number[] = []
  for await (const events of log.readAll())
    for (const { streamId, metadata } of events)
      if (parseStreamName(streamId)?.kind === 'security') at.push(Date.parse(metadata.occurredAt))
  at.sort((a, b) => a - b)
  let most = 0
  let oldest = 0
  for (const [index, moment] of at.entries()) {
    while ((at[oldest] ?? 0) <= moment - minuteMs) oldest += 1
    most = Math.max(most, index - oldest + 1)
  }
  return most
}

function perSecond(count: number, durationMs: number): number {
  return (count * 1_000) / durationMs
}
