import { setTimeout as pause } from 'node:timers/promises'
import type { EventLog, LogPosition } from '../event-log/index.ts'
import { inLogOrder, type ProjectedEvent } from './broken-streams.ts'
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
  | { readonly state: 'starting' }
  /** There are no tables of this release yet. They are being built from the log, by this process or by another one. */
  | { readonly state: 'building'; readonly by: 'this process' | 'another process'; readonly events: number }
  /** It follows the log; `position` is where it is. */
  | { readonly state: 'running'; readonly position: LogPosition | undefined }
  /** The log or the database is away; it tries again by itself. */
  | { readonly state: 'waiting'; readonly code: string; readonly message: string }
  /** It met what it cannot project, and stays there: the read model answers, but is behind for good. */
  | { readonly state: 'failed'; readonly code: string; readonly message: string }
  | { readonly state: 'stopped' }

/** What a projector needs. */
export type ProjectorDependencies = {
  readonly log: Pick<EventLog, 'subscribe' | 'readAll' | 'head'>
  readonly database: ReadModelDatabase
  readonly progress: Pick<Progress, 'notify'>
  /** Hears of every change of the status but those of the position. */
  readonly onStatus?: (status: ProjectorStatus) => void
}

/** Keeps the read model up to date with the log. */
export type Projector = {
  readonly status: () => ProjectorStatus
  /** Finishes the transaction at hand and ends. */
  readonly stop: () => Promise<void>
}

const shortestPauseMs = 50
/**
 * Small batches are begun at most this often, in milliseconds: under load events come one by one, and each commit waits
 * for the disk. The first event after a rest is projected at once.
 */
const paceMs = 50
/** A batch of so many events is one of catching up, which nothing holds back. */
const smallBatch = 200
const longestPauseMs = 5_000
/** How often it says that its tables are in use, and drops those that nobody uses. */
const tidyUpMs = 60_000

/**
 * Starts to project: builds the tables of this release where there are none, catches up from the checkpoint, follows live.
 * Several may run at once: one builds, and each batch is written once, by whoever comes first.
 */
export function startProjector(dependencies: ProjectorDependencies): Projector {
  const { database, onStatus } = dependencies
  const stopped = new AbortController()
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

  async function run(): Promise<void> {
    let pauseMs = shortestPauseMs
    while (!stopped.signal.aborted)
      try {
        await buildMissing()
        await follow(dependencies, batches, stopped.signal, (position) => {
          pauseMs = shortestPauseMs
          report({ state: 'running', position })
        })
      } catch (error) {
        if (stopped.signal.aborted) break
        const { code, message } = asFailure(error)
        if (isLasting(error)) {
          report({ state: 'failed', code, message })
          return
        }
        report({ state: 'waiting', code, message })
        await pause(pauseMs, undefined, { signal: stopped.signal }).catch(() => undefined)
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      }
    report({ state: 'stopped' })
  }

  async function buildMissing(): Promise<void> {
    await ensureSchema(database)
    if ((await readCheckpoint(database, 'live')) !== undefined) return
    report({ state: 'building', by: 'this process', events: 0 })
    await buildMissingReadModel({
      log: dependencies.log,
      database,
      signal: stopped.signal,
      onProgress: (events) => report({ state: 'building', by: 'this process', events }),
      onWaiting: () => report({ state: 'building', by: 'another process', events: 0 }),
    })
  }

  /** Failures say nothing new: the projector meets the same database. */
  async function tidyUp(): Promise<void> {
    try {
      if (status.state === 'running') await markInUse(database)
      await dropUnusedTables(database)
    } catch {}
  }

  const running = run()
  let tidying = Promise.resolve()
  const tidier = setInterval(() => {
    tidying = tidying.then(tidyUp)
  }, tidyUpMs)
  return {
    status: () => status,
    async stop() {
      stopped.abort()
      clearInterval(tidier)
      await Promise.all([running, tidying])
    },
  }
}

async function follow(
  { log, database, progress }: ProjectorDependencies,
  batches: BatchWriter,
  signal: AbortSignal,
  reached: (position: LogPosition | undefined) => void,
): Promise<void> {
  const start = await readCheckpoint(database, 'live')
  if (start === undefined) return
  let { position } = start
  await requireWithin(log, position)
  reached(position)
  for await (const batch of log.subscribe({ ...(position === undefined ? {} : { after: position }), signal })) {
    const events = inLogOrder(batch)
    if (events.length === 0) continue
    const next = performance.now() + paceMs
    const checkpoint = await projectAsFarAsKnown(batches, start.token, position, events)
    // Other tables were put in place, or these were dropped: begin again.
    if (checkpoint === 'gone') return
    position = events.at(-1)?.position ?? position
    if (checkpoint.position !== undefined) progress.notify(checkpoint.position)
    reached(checkpoint.position)
    if (signal.aborted) return
    const rest = events.length < smallBatch ? next - performance.now() : 0
    if (rest > 0) await pause(rest, undefined, { signal }).catch(() => undefined)
  }
  if (!signal.aborted) throw new ReadModelError('READ_MODEL_UNAVAILABLE', "The log's subscription ended by itself.")
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
  events: readonly ProjectedEvent[],
): Promise<Checkpoint | 'gone'> {
  try {
    return await batches.project('live', token, after, events)
  } catch (error) {
    const known = eventsBefore(error, events) ?? []
    if (known.length > 0) await batches.project('live', token, after, known)
    throw error
  }
}

function asFailure(error: unknown): { readonly code: string; readonly message: string } {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const ours = code !== undefined && /^(READ_MODEL|PROJECTION|EVENT_LOG)_/.test(code)
  return { code: ours ? code : 'READ_MODEL_UNAVAILABLE', message }
}

function isLasting(error: unknown): boolean {
  return error instanceof ReadModelError && error.code.startsWith('PROJECTION_')
}
