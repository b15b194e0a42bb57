import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type Backoff, pauseAfter } from '../../domain/index.ts'
import { takeExclusively } from '../exclusive-use.ts'
import { findTemporalCli, howToGetTemporalCli } from './find-temporal-cli.js'
import { endRecordedProcess, forgetProcess, recordProcess } from './process-record.ts'
import { EmbeddedStartError, type EmbeddedStartErrorCode } from './start-error.ts'
import { startTemporalProcess } from './start-temporal.ts'
import { openTemporalDatabase } from './temporal-database.ts'
import { freePort, gaveUp, type TemporalExit, type TemporalProcess } from './temporal-process.ts'

const databaseName = 'temporal.db'
/**
 * A server that dies is started again at once, then ever more slowly, for as long as this process runs: what ends it (a
 * full disk, a lack of memory) may pass.
 */
const defaultBackoff: Backoff = { first: 250, longest: 30_000 }
/** Serving this long means that the last restart was a success, and the delays begin anew. */
const steadyAfterMs = 30_000

/** What the embedded Temporal server is doing. */
export type TemporalServerState =
  | { readonly state: 'serving' }
  /** It died and is being started again on the same port; clients reconnect by themselves. */
  | {
      readonly state: 'restarting'
      readonly exit: TemporalExit
      readonly since: Date
      /** Why the last start failed; `undefined` before the first has. */
      readonly error: EmbeddedStartError | undefined
      readonly nextTryAt: Date
    }
  | { readonly state: 'closed' }

/** For readiness: why the server does not serve, since when, and when it is started again; `undefined` while it does. */
export function temporalProblem(state: TemporalServerState): string | undefined {
  if (state.state !== 'restarting') return undefined
  const { exit, since, error, nextTryAt } = state
  const end = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`
  const failed = error === undefined ? '' : ` It could not be started again: ${error.message}`
  return `The Temporal server ended by ${end} at ${since.toISOString()}. Next start at ${nextTryAt.toISOString()}.${failed}`
}

/** A Temporal development server that lives as long as this process. */
export type TemporalServer = {
  /** `127.0.0.1:<port>`; stays the same over restarts. */
  readonly address: string
  readonly namespace: 'default'
  /** The process that serves now. It changes with a restart. */
  readonly pid: () => number
  readonly state: () => TemporalServerState
  /** Ends the server in good order; nothing of it is left when this resolves. May be called twice. */
  readonly close: () => Promise<void>
}

/**
 * Starts Temporal's development server as a child process, with its database in `<dataDirectory>/temporal/`, and
 * resolves when it serves. The server
 *
 * - is started again on the same port when it dies unexpectedly, with an empty store if its database was lost;
 * - ends with this process, even one that is killed; one that was left over all the same is ended by the next start;
 * - begins with an empty store when its database file is missing or damaged (the damaged file is set aside): the event
 *   log is the truth, and after `serving` the service resumes from it what has no workflow.
 *
 * @param options.cliPath the `temporal` binary; found as {@link findTemporalCli} says when not given
 * @param options.port a free one is chosen when not given
 * @param options.restartBackoff how long the pauses between starts are when it dies again and again
 * @param options.onStateChange called with each new state after the first `serving`; `restarting` at each try
 * @throws EmbeddedStartError `TEMPORAL_CLI_NOT_FOUND`, `TEMPORAL_START_FAILED`, `PORT_IN_USE`, `DATA_DIRECTORY_IN_USE`
 */
export async function startTemporalServer(options: {
  readonly dataDirectory: string
  readonly cliPath?: string
  readonly port?: number
  readonly logger: Logger
  readonly restartBackoff?: Backoff
  readonly onStateChange?: (state: TemporalServerState) => void
}): Promise<TemporalServer> {
  const { logger, restartBackoff = defaultBackoff } = options
  const cliPath = options.cliPath ?? findTemporalCli(process.env)?.path
  if (cliPath === undefined) {
    throw new EmbeddedStartError('TEMPORAL_CLI_NOT_FOUND', howToGetTemporalCli(process.env, process.platform))
  }
  const folder = join(options.dataDirectory, 'temporal')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const giveBack = takeExclusively(join(folder, 'lock.db'))
  if (giveBack === undefined) {
    throw new EmbeddedStartError(
      'DATA_DIRECTORY_IN_USE',
      `Another Countersign runs on ${options.dataDirectory}. Stop it, or set COUNTERSIGN_DATA to another folder.`,
    )
  }

  const record = join(folder, 'server.json')
  const run = (port: number) => runOverDatabase({ cliPath, folder, record, port, logger })

  let state: TemporalServerState = { state: 'serving' }
  const closing = new AbortController()
  const enter = (next: TemporalServerState) => {
    state = next
    try {
      options.onStateChange?.(next)
    } catch (error) {
      logger.error({ err: error }, 'what follows a change of the Temporal server failed')
    }
  }

  let port: number
  let current: TemporalProcess
  try {
    ;({ port, current } = await firstRun(run, options.port))
  } catch (error) {
    forgetProcess(record)
    giveBack()
    throw error
  }

  /** How often it has died or failed to start in a row, without serving for long in between. */
  let failures = 0
  const restart = async (exit: TemporalExit): Promise<void> => {
    const since = new Date()
    for (let error: EmbeddedStartError | undefined; ; ) {
      const wait = failures === 0 ? 0 : pauseAfter(restartBackoff, failures)
      failures += 1
      enter({ state: 'restarting', exit, since, error, nextTryAt: new Date(Date.now() + wait) })
      await delay(wait, undefined, { signal: closing.signal })
      try {
        current = await run(port)
        return
      } catch (cause) {
        logger.error({ err: cause }, 'the Temporal server could not be started again')
        error = asStartError(cause)
      }
    }
  }
  const restartWhenItDies = async () => {
    while (!closing.signal.aborted) {
      const began = performance.now()
      const exit = await current.exited
      if (closing.signal.aborted) return
      if (performance.now() - began >= steadyAfterMs) failures = 0
      logger.error({ ...exit }, 'the Temporal server died')
      try {
        await restart(exit)
      } catch (error) {
        if (closing.signal.aborted) return
        throw error
      }
      if (closing.signal.aborted) return
      logger.info({ pid: current.pid, port }, 'the Temporal server serves again')
      enter({ state: 'serving' })
    }
  }
  const kept = restartWhenItDies()

  const close = async () => {
    closing.abort()
    try {
      await current.stop()
      await kept
      // A restart that was under way when the close began.
      await current.stop()
      forgetProcess(record)
    } finally {
      giveBack()
      state = { state: 'closed' }
    }
  }
  let closed: Promise<void> | undefined
  return {
    address: `127.0.0.1:${port}`,
    namespace: 'default',
    pid: () => current.pid,
    state: () => state,
    close: () => {
      closed ??= close()
      return closed
    },
  }
}

/**
 * Ends what an earlier run left over, and starts the server over its database; without it when the server cannot read it,
 * and then the database is put back if that was not the reason.
 */
async function runOverDatabase(options: {
  readonly cliPath: string
  readonly folder: string
  readonly record: string
  readonly port: number
  readonly logger: Logger
}): Promise<TemporalProcess> {
  const { folder, record, logger, ...rest } = options
  const leftOver = await endRecordedProcess(record)
  if (leftOver !== undefined) logger.warn({ pid: leftOver }, 'ended a Temporal server left over from an earlier run')
  const database = openTemporalDatabase(folder, databaseName)
  if (database.condition === 'damaged') logger.warn({ folder }, "set aside Temporal's damaged database")
  const onSpawned = (pid: number) => recordProcess(record, pid)
  const run = () => startTemporalProcess({ ...rest, folder, databaseName, logger, onSpawned })
  try {
    return await run()
  } catch (error) {
    if (database.condition !== 'sound' || !gaveUp(error)) throw error
    // SQLite can read the file, but this Temporal may not: one of another version, for example.
    database.setAside()
    logger.warn({ folder, err: error }, "trying again without Temporal's database")
    try {
      return await run()
    } catch {
      database.putBack()
      throw error
    }
  }
}

/** A chosen port can be taken by somebody else between choice and use: then another is tried. A given one is kept to. */
async function firstRun(
  run: (port: number) => Promise<TemporalProcess>,
  givenPort: number | undefined,
): Promise<{ port: number; current: TemporalProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = givenPort ?? (await freePort())
    try {
      return { port, current: await run(port) }
    } catch (error) {
      if (!isStartError(error, 'PORT_IN_USE') || givenPort !== undefined || attempt === 5) throw error
    }
  }
}

function isStartError(error: unknown, code: EmbeddedStartErrorCode): boolean {
  return error instanceof EmbeddedStartError && error.code === code
}

function asStartError(error: unknown): EmbeddedStartError {
  if (error instanceof EmbeddedStartError) return error
  return new EmbeddedStartError('TEMPORAL_START_FAILED', `The Temporal server could not be started: ${error}`)
}
