import {
  type ConsumerStatus,
  type EventLog,
  type LogEntry,
  type LogPosition,
  startConsumer,
} from '../event-log/index.ts'
import type { ReadModelDatabase } from './database.ts'
import type { Progress } from './progress.ts'
import { type BatchWriter, type Checkpoint, createBatchWriter, eventsBefore } from './project-batch.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import { ReadModelError } from './read-model-error.ts'
import { buildMissingReadModel } from './rebuild.ts'
import { ensureSchema } from './schema.ts'
import { dropUnusedTables, markInUse } from './table-use.ts'

/** What a projector is doing. */
export type ProjectorStatus =
  | Exclude<ConsumerStatus, { readonly state: 'standby' }>
  /** There are no tables of this release yet. They are being built from the log, by this process or by another one. */
  | { readonly state: 'building'; readonly by: 'this process' | 'another process'; readonly events: number }

/** What a projector needs. */
export type ProjectorDependencies = {
  readonly log: Pick<EventLog, 'subscribe' | 'readAll' | 'head'>
  readonly database: ReadModelDatabase
  readonly progress: Pick<Progress, 'notify'>
  /** Called on every change of the status but those of the position. */
  readonly onStatus?: (status: ProjectorStatus) => void
}

/** Keeps the read model up to date with the log. */
export type Projector = {
  readonly status: () => ProjectorStatus
  /** For how long it has not had everything that the log has, in milliseconds: 0 when it has. */
  readonly behindMs: () => number
  /** Finishes the transaction at hand and ends. */
  readonly stop: () => Promise<void>
}

/**
 * Small batches are begun at most this often, in milliseconds: under load events come one by one, and each batch costs
 * queries and a commit, however small it is.
 */
const paceMs = 50
/** How often it says that its tables are in use, and drops those that nobody uses. */
const tidyUpMs = 60_000

/**
 * Starts to project: builds the tables of this release where there are none, catches up from the checkpoint, follows live.
 * Several may run at once: one builds, and each batch is written once, by whoever comes first.
 */
export function startProjector(dependencies: ProjectorDependencies): Projector {
  const { log, database, progress, onStatus } = dependencies
  const batches = createBatchWriter(database)
  let status: ProjectorStatus = { state: 'starting' }

  function report(next: ProjectorStatus): void {
    const isNews =
      next.state !== status.state ||
      next.state === 'waiting' ||
      (next.state === 'building' && status.state === 'building' && next.by !== status.by)
    status = next
    if (isNews) onStatus?.(next)
  }

  async function buildMissing(signal: AbortSignal): Promise<void> {
    await ensureSchema(database)
    if ((await readCheckpoint(database, 'live')) !== undefined) return
    report({ state: 'building', by: 'this process', events: 0 })
    await buildMissingReadModel({
      log,
      database,
      signal,
      onProgress: (events) => report({ state: 'building', by: 'this process', events }),
      onWaiting: () => report({ state: 'building', by: 'another process', events: 0 }),
    })
  }

  const consumer = startConsumer(log, {
    paceMs,
    failureOf,
    onStatus(next) {
      if (next.state !== 'standby') report(next)
    },
    async begin(signal) {
      await buildMissing(signal)
      const start = await readCheckpoint(database, 'live')
      // Other tables are being put in their place at this moment.
      if (start === undefined) return 'taken'
      await requireWithin(log, start.position)
      return {
        after: await afterOf(database, start.position),
        async handle({ after, entries }) {
          const checkpoint = await projectAsFarAsKnown(batches, start.token, after?.position, entries)
          // Other tables were put in place, or these were dropped.
          if (checkpoint === 'gone') return 'moved'
          if (checkpoint.position !== undefined) progress.notify(checkpoint.position)
          return 'handled'
        },
      }
    },
  })

  /** Failures say nothing new: the projector meets the same database. */
  async function tidyUp(): Promise<void> {
    try {
      if (status.state === 'running') await markInUse(database)
      await dropUnusedTables(database)
    } catch {}
  }

  let tidying = Promise.resolve()
  const tidier = setInterval(() => {
    tidying = tidying.then(tidyUp)
  }, tidyUpMs)
  return {
    status: () => (status.state === 'running' ? (consumer.status() as ProjectorStatus) : status),
    behindMs: consumer.behindMs,
    async stop() {
      clearInterval(tidier)
      await Promise.all([consumer.close(), tidying])
    },
  }
}

/** The checkpoint with the event that stands there; one that cannot be read is not in the tables. */
async function afterOf({ reads }: ReadModelDatabase, position: LogPosition | undefined) {
  if (position === undefined) return undefined
  const row = await reads.selectFrom('events').select('id').where('position', '=', position).executeTakeFirst()
  return { position, eventId: row?.id }
}

async function requireWithin(log: Pick<EventLog, 'head'>, position: LogPosition | undefined): Promise<void> {
  if (position === undefined) return
  const head = await log.head()
  if (head === undefined || head < position)
    throw new ReadModelError(
      'READ_MODEL_AHEAD',
      `The read model is at ${position}, but the log ends at ${head ?? 'its beginning'}. If the log was restored or replaced, rebuild the projections.`,
      { details: { readModel: position, log: head ?? null } },
    )
}

// What stands before an event that cannot be projected is still worth showing.
async function projectAsFarAsKnown(
  batches: BatchWriter,
  token: string,
  after: LogPosition | undefined,
  events: readonly LogEntry[],
): Promise<Checkpoint | 'gone'> {
  try {
    return await batches.project('live', token, after, events)
  } catch (error) {
    const known = eventsBefore(error, events) ?? []
    if (known.length > 0) await batches.project('live', token, after, known)
    throw error
  }
}

function failureOf(error: unknown) {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const isOurs = code !== undefined && /^(READ_MODEL|PROJECTION|EVENT_LOG)_/.test(code)
  const lasts = error instanceof ReadModelError && error.code.startsWith('PROJECTION_')
  return { code: isOurs ? code : 'READ_MODEL_UNAVAILABLE', message, lasts }
}
