import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Logger } from 'pino'
import type { EventLog } from '../event-log/index.ts'
import {
  type BrokenStream,
  openPostgresReadModel,
  openReadModel,
  openSqliteReadModel,
  type ReadModel,
  type ReadModelDatabase,
  ReadModelError,
  readBrokenStreams,
  startProjector,
} from '../projections/index.ts'
import { dataPath, type Settings } from './configuration.ts'
import { postgresAddress } from './postgres-address.ts'
import { keepPrivate } from './private-files.ts'

/** The read model of a process, and the projector that keeps it where the process has that role. */
export type ReadModels = {
  readonly readModel: ReadModel
  /**
   * Throws the reason when the read model cannot be read, or the projector of this process is not at work. Answers with
   * the streams that are broken, if there are any.
   */
  readonly check: () => Promise<string | undefined>
  readonly close: () => Promise<void>
}

/** Opens the database that the settings name; by default SQLite in the data directory. */
export async function openReadModelDatabase(settings: Settings, logger: Logger): Promise<ReadModelDatabase> {
  const address = settings.readModel ?? `sqlite:${dataPath(settings, 'read-model.db')}`
  if (address.startsWith('sqlite:')) {
    const path = address.slice('sqlite:'.length)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await keepPrivate(path)
    return openSqliteReadModel({ path })
  }
  return openPostgresReadModel({
    ...postgresAddress(settings, 'readModel', address),
    onConnectionLost: (error) => logger.warn({ err: error }, 'a connection of the read model was lost'),
  })
}

/** @param options.project whether this process keeps the read model, too */
export async function openReadModels(options: {
  readonly settings: Settings
  readonly log: EventLog
  readonly project: boolean
  readonly logger: Logger
}): Promise<ReadModels> {
  const { settings, log, logger } = options
  const database = await openReadModelDatabase(settings, logger)
  const { readModel, progress } = openReadModel(database)
  const projector = options.project
    ? startProjector({
        log,
        database,
        progress,
        onStatus(status) {
          if (status.state === 'waiting' || status.state === 'failed')
            logger.error(status, 'the projector is not at work')
          else logger.info(status, 'projector')
        },
      })
    : undefined
  return {
    readModel,
    async check() {
      const status = projector?.status()
      if (status?.state === 'waiting' || status?.state === 'failed')
        throw Object.assign(new Error(status.message), { code: status.code })
      if (status?.state === 'building')
        throw new ReadModelError(
          'READ_MODEL_NOT_READY',
          status.by === 'this process'
            ? `The read model of this release is being built; ${status.events} events are in it.`
            : 'The read model of this release is being built by another process.',
        )
      await readModel.position()
      const notices = [
        noticeOfLag(projector?.behindMs() ?? 0),
        noticeOf(await readBrokenStreams(database, { limit: namedStreams + 1 })),
      ].filter((notice) => notice !== undefined)
      return notices.length > 0 ? notices.join(' ') : undefined
    },
    async close() {
      await projector?.stop()
      await readModel.close()
    },
  }
}

/** After which it is said that the projector has not caught up with the log, in milliseconds. */
const noticeableLagMs = 60_000

function noticeOfLag(behindMs: number): string | undefined {
  if (behindMs < noticeableLagMs) return undefined
  return `The projector has been behind the event log for ${Math.round(behindMs / 1000)} seconds.`
}

/** So many broken streams are named where people look first; `countersign audit replay` names all. */
const namedStreams = 10

function noticeOf(broken: readonly BrokenStream[]): string | undefined {
  if (broken.length === 0) return undefined
  const named = broken
    .slice(0, namedStreams)
    .map(({ streamId, revision, reason }) => `${streamId} from revision ${revision} on (${reason})`)
  const more = broken.length > namedStreams ? ' and more' : ''
  return `Streams of the event log that cannot be read: ${named.join(', ')}${more}. Run «countersign audit replay», restore what is damaged, and rebuild the projections.`
}
