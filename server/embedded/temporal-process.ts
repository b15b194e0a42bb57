import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import type { Logger } from 'pino'
import { endWithParent } from './end-with-parent.ts'
import { EmbeddedStartError } from './start-error.ts'

/** The address that everything embedded listens on: never reachable from outside. */
const loopback = '127.0.0.1'
const readyTimeoutMs = 30_000
/** An orderly stop takes about a second. */
const stopTimeoutMs = 5_000
const outputLinesKept = 30
/** Histories of closed workflows are kept this long for people to look at; decisions are made from the event log. */
const retentionSeconds = 30 * 24 * 60 * 60

/**
 * Settings of the development server. The first five shorten the way of a task to its worker: above all, Temporal reads
 * its task queue twenty times a second at most unless told otherwise, which costs 50 ms a step (measured: a workflow with
 * one activity takes 150 ms with the defaults and 21 ms with these). The others lift limits that protect a cluster from
 * its tenants.
 */
const dynamicConfig = {
  'history.transferProcessorMaxPollRPS': 1_000,
  'history.timerProcessorMaxPollRPS': 1_000,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'system.enableActivityEagerExecution': true,
  'history.maxInFlightUpdates': 100,
  'history.maxTotalUpdates': 10_000,
}

/** How a Temporal server came to its end. */
export type TemporalExit = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The last lines that it wrote, oldest first. */
  readonly output: readonly string[]
}

/** One running server process. */
export type TemporalProcess = {
  readonly pid: number
  /** Settles when the process has ended, whatever the reason; never rejects. */
  readonly exited: Promise<TemporalExit>
  /** Ends the process in good order, and by force when that takes longer than five seconds. */
  readonly stop: () => Promise<void>
}

/** What running the process needs. */
export type TemporalProcessOptions = {
  readonly cliPath: string
  readonly folder: string
  readonly databaseName: string
  readonly port: number
  readonly logger: Logger
  readonly onSpawned: (pid: number) => Promise<void>
}

/**
 * Runs `temporal server start-dev` on `port` of the loopback address with its database `databaseName` in `folder`, and
 * resolves when the namespace `default` answers.
 *
 * @param onSpawned called with the process number as soon as there is one
 * @throws EmbeddedStartError `PORT_IN_USE`, `TEMPORAL_START_FAILED`
 */
export async function runTemporalProcess(options: TemporalProcessOptions): Promise<TemporalProcess> {
  const { cliPath, folder, port, logger } = options
  // Before the start and not from its output: whoever listens there might answer like a Temporal server of its own.
  await refuseTakenPort(port)
  const child = spawn(cliPath, serverArguments(options), {
    // The database is named relative to its folder: Temporal takes the name as part of a URI, where a path may contain
    // characters with another meaning.
    cwd: folder,
    // A session of its own, because Ctrl-C must end the workers first and the server after them.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environmentWithoutTemporalSettings(),
  })
  const output = keepLastLines(child, logger)
  const exited = exitOf(child, output)
  if (child.pid === undefined) {
    const exit = await exited
    throw startFailed(`could not be run from ${cliPath}`, exit.output)
  }
  const unwatch = endWithParent(child.pid)
  void exited.then(unwatch)
  const stop = async () => {
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    await exited
    clearTimeout(force)
  }
  try {
    await options.onSpawned(child.pid)
    await untilServing(port, exited)
  } catch (error) {
    child.kill('SIGKILL')
    await exited
    throw error
  }
  return { pid: child.pid, exited, stop }
}

function serverArguments(options: { readonly databaseName: string; readonly port: number }): string[] {
  return [
    ...['server', 'start-dev', '--headless', '--ip', loopback, '--port', String(options.port)],
    ...['--db-filename', options.databaseName, '--sqlite-pragma', 'journal_mode=WAL'],
    // A write-ahead log survives the end of any process so; the end of the machine may cost its last moments, which the
    // event log gives back.
    ...['--sqlite-pragma', 'synchronous=NORMAL'],
    ...['--log-level', 'error', '--color', 'never'],
    ...Object.entries(dynamicConfig).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
  ]
}

/** Without what the user's shell may say to the `temporal` command about other servers. */
function environmentWithoutTemporalSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')))
}

function keepLastLines(child: ChildProcess, logger: Logger): string[] {
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() === '') return
      lines.push(line)
      if (lines.length > outputLinesKept) lines.shift()
      logger.debug({ line }, 'temporal server output')
    })
  }
  return lines
}

function exitOf(child: ChildProcess, output: string[]): Promise<TemporalExit> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      output.push(error.message)
      // Only a failed start: 'error' also reports a signal that could not be sent, and then the process goes on.
      if (child.pid === undefined) resolve({ code: null, signal: null, output: [...output] })
    })
    // 'close' and not 'exit': only then have the last lines been read.
    child.once('close', (code, signal) => resolve({ code, signal, output: [...output] }))
  })
}

/** @throws EmbeddedStartError `TEMPORAL_START_FAILED` when the process ends first or does not answer in time */
async function untilServing(port: number, exited: Promise<TemporalExit>): Promise<void> {
  const giveUp = new AbortController()
  const deadline = performance.now() + readyTimeoutMs
  const ended = exited.then((exit) => {
    throw startFailed(`ended with ${exit.signal ?? `exit code ${exit.code}`} before it served`, exit.output, exit)
  })
  const serving = (async () => {
    let last: unknown
    while (!giveUp.signal.aborted && performance.now() < deadline) {
      try {
        // A bare connection first: a gRPC channel that is refused once waits a whole second before it tries again.
        await knock(port)
        await prepareNamespace(port)
        return
      } catch (error) {
        last = error
        await delay(10)
      }
    }
    throw startFailed(`did not answer within ${readyTimeoutMs / 1000} s: ${last}`, [])
  })()
  try {
    await Promise.race([serving, ended])
  } finally {
    giveUp.abort()
    await serving.catch(() => undefined)
  }
}

async function knock(port: number): Promise<void> {
  const socket = connect(port, loopback)
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

async function prepareNamespace(port: number): Promise<void> {
  const connection = await Connection.connect({ address: `${loopback}:${port}`, connectTimeout: 2_000 })
  try {
    await connection.withDeadline(Date.now() + 5_000, async () => {
      const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' })
      if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) >= retentionSeconds) return
      await connection.workflowService.updateNamespace({
        namespace: 'default',
        config: { workflowExecutionRetentionTtl: msToTs(retentionSeconds * 1_000) },
      })
    })
  } finally {
    await connection.close()
  }
}

/** A port of the loopback address that nothing listens on now. */
export async function freePort(): Promise<number> {
  return listenBriefly(0)
}

/** @throws EmbeddedStartError `PORT_IN_USE`, or `TEMPORAL_START_FAILED` when it cannot be listened on for another reason */
async function refuseTakenPort(port: number): Promise<void> {
  try {
    await listenBriefly(port)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE') throw startFailed(`cannot listen on port ${port} of ${loopback}: ${message}`, [])
    throw new EmbeddedStartError(
      'PORT_IN_USE',
      `Port ${port} of ${loopback} is in use by another program, so the Temporal server cannot listen on it. ` +
        'End that program or choose another port.',
      { cause: error },
    )
  }
}

async function listenBriefly(port: number): Promise<number> {
  const server = createServer()
  server.listen(port, loopback)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : port
}

/**
 * Whether a start failed because the server gave up (and not because it was killed, or slow, or could not be run): then
 * the fault may lie in what it read.
 */
export function gaveUp(error: unknown): boolean {
  if (!(error instanceof EmbeddedStartError) || error.code !== 'TEMPORAL_START_FAILED') return false
  const exit = error.cause as TemporalExit | undefined
  return typeof exit?.code === 'number'
}

function startFailed(what: string, output: readonly string[], exit?: TemporalExit): EmbeddedStartError {
  const lines = output.slice(-10).map((line) => `\n  ${line}`)
  return new EmbeddedStartError('TEMPORAL_START_FAILED', `The Temporal server ${what}.${lines.join('')}`, {
    cause: exit,
  })
}
