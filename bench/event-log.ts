import { join } from 'node:path'
import type { ApiTokenId, OrganizationId, UserId } from '../domain/index.ts'
import { type EventLog, type NewEvent, openSqliteEventLog } from '../event-log/index.ts'
import { withFolder } from './folder.ts'
import { median } from './median.ts'
import { rowsPerSecond } from './read-rows.ts'

/** What the embedded event log does, on events of 400 bytes of data and 300 bytes of metadata. */
export type EventLogFigures = {
  /** One append after the other, each flushed to the disk before the next. */
  readonly durableAppendsPerSecond: number
  /** 100 appends waiting at any time, which share their flushes. */
  readonly concurrentAppendsPerSecond: number
  /** A subscriber from the beginning until it has caught up; the median of rounds, by turns with bare reading. */
  readonly catchUpEventsPerSecond: number
  /** The same rows, read by `node:sqlite` alone. */
  readonly rowsPerSecond: number
  /** Size of the log that the subscriber caught up with. */
  readonly events: number
}

/**
 * Measures the SQLite event log in a temporary folder, which is removed again.
 *
 * @param events how many events to catch up with
 */
export async function measureEventLog(events = 200_000): Promise<EventLogFigures> {
  return withFolder((folder) => measureIn(join(folder, 'events.db'), events))
}

async function measureIn(path: string, events: number): Promise<EventLogFigures> {
  const log = openSqliteEventLog({ path })
  try {
    const durableAppendsPerSecond = await perSecond(2_000, async () => {
      for (let append = 0; append < 2_000; append += 1) await log.append(stream(), [sampleEvent()], 'noStream')
    })
    const concurrentAppendsPerSecond = await perSecond(10_000, async () => {
      for (let append = 0; append < 10_000; append += 100)
        await Promise.all(Array.from({ length: 100 }, () => log.append(stream(), [sampleEvent()], 'noStream')))
    })
    for (let written = 12_000; written < events; written += 1_000)
      await log.append(stream(), Array.from({ length: Math.min(1_000, events - written) }, sampleEvent), 'noStream')
    const caughtUp: number[] = []
    const bare: number[] = []
    for (let round = 0; round < 5; round += 1) {
      caughtUp.push(await perSecond(Math.max(events, 12_000), () => catchUp(log)))
      bare.push(rowsPerSecond(path))
    }
    return {
      durableAppendsPerSecond,
      concurrentAppendsPerSecond,
      catchUpEventsPerSecond: median(caughtUp),
      rowsPerSecond: median(bare),
      events: Math.max(events, 12_000),
    }
  } finally {
    await log.close()
  }
}

async function catchUp(log: EventLog): Promise<void> {
  for await (const { caughtUp } of log.subscribe({ signal: AbortSignal.timeout(300_000) })) if (caughtUp) return
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return (count * 1_000) / (performance.now() - start)
}

function stream(): string {
  return `signingRequest-${crypto.randomUUID()}`
}

/** About the size of an approval: 400 bytes of JSON and 300 of metadata. */
export function sampleEvent(): NewEvent {
  return {
    id: crypto.randomUUID(),
    type: 'ApprovalGranted',
    data: {
      schemaVersion: 1,
      signingRequestId: crypto.randomUUID(),
      approver: { userId: crypto.randomUUID(), name: 'Ada Lovelace' },
      planDigest: `sha256:${'0123456789abcdef'.repeat(4)}`,
      comment: 'Checked against the release notes; the build is the one of the tag.',
      received: ['first', 'second'],
      counted: 2,
      required: 3,
      policy: { id: crypto.randomUUID(), version: 7 },
    },
    metadata: {
      schemaVersion: 1,
      organizationId: crypto.randomUUID() as OrganizationId,
      actor: {
        kind: 'user',
        userId: crypto.randomUUID() as UserId,
        authentication: { method: 'apiToken', tokenId: crypto.randomUUID() as ApiTokenId },
      },
      correlationId: crypto.randomUUID(),
      causationId: crypto.randomUUID(),
      occurredAt: '2026-01-01T00:00:00.000Z',
    },
  }
}
