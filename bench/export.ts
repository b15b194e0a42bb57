import { createPublicKey, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type OrganizationId, processRoles } from '../domain/index.ts'
import { type EventLog, exportLog, openSqliteEventLog } from '../event-log/index.ts'
import { newEventKey, newInstallationKey, parseEventKey } from '../server/event-keys.ts'
import { withFolder } from './folder.ts'
import { makeLargeLog } from './large-log.ts'
import { median } from './median.ts'

/** How fast a log is exported, against reading it through the same port; events per second of processor time. */
export type ExportFigures = {
  readonly events: number
  readonly readEventsPerSecond: number
  readonly exportedEventsPerSecond: number
  /** Of one organization, which has all of the events: what is kept back costs most there. */
  readonly organizationEventsPerSecond: number
}

/** Measures signed histories of requests; reading and exporting take turns, of each the median counts. */
export async function measureExport(requests = 10_000, rounds = 5): Promise<ExportFigures> {
  return withFolder(async (folder) => {
    const path = join(folder, 'log.db')
    const { privateKey, publicKeyPem } = newInstallationKey()
    const now = new Date().toISOString()
    const key = parseEventKey(newEventKey(privateKey, processRoles, now), [createPublicKey(publicKeyPem)])
    await makeLargeLog(path, key, { requests, unfinished: 0 })
    const log = openSqliteEventLog({ path })
    try {
      const { events, organizationId } = await describe(log)
      const rates = { read: [] as number[], whole: [] as number[], organization: [] as number[] }
      for (let round = 0; round < rounds; round += 1) {
        rates.read.push(await rate(events, () => drain(log.readAll())))
        rates.whole.push(await rate(events, () => drain(exportLog(log, { now }))))
        rates.organization.push(await rate(events, () => drain(exportLog(log, { now, organizationId }))))
      }
      return {
        events,
        readEventsPerSecond: median(rates.read),
        exportedEventsPerSecond: median(rates.whole),
        organizationEventsPerSecond: median(rates.organization),
      }
    } finally {
      await log.close()
    }
  })
}

async function describe(log: EventLog): Promise<{ events: number; organizationId: OrganizationId }> {
  let events = 0
  let organizationId = randomUUID() as OrganizationId
  for await (const batch of log.readAll()) {
    events += batch.length
    organizationId = batch.at(-1)?.metadata.organizationId ?? organizationId
  }
  return { events, organizationId }
}

async function rate(events: number, work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (events * 1_000_000) / (user + system)
}

async function drain(pieces: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of pieces);
}
