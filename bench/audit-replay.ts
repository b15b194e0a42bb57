import { spawn } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { processRoles } from '../domain/index.ts'
import { openSqliteEventLog } from '../event-log/index.ts'
import { newEventKey, newInstallationKey, parseEventKey } from '../server/event-keys.ts'
import { withFolder } from './folder.ts'
import { imageArguments, imageEnvironment } from './image-arguments.ts'
import { makeLargeLog } from './large-log.ts'

/** One replay of a whole log, as a process of its own. */
export type ReplayRun = {
  readonly eventsPerSecond: number
  /** The most memory that it had (resident set), in MiB. */
  readonly peakMebibytes: number
}

/** A log that is replayed. */
export type ReplayedLog = {
  readonly gibibytes: number
  /** Reading every event of it, parsed, and nothing else. */
  readonly readEventsPerSecond: number
}

/**
 * Ways to replay a log. With `--compare` the read model is held against the log; an export is read into a temporary log first.
 */
export const replays = ['audit replay', 'audit replay --compare', 'audit replay --from-export'] as const

const project = join(import.meta.dirname, '..')
/** How often the memory of a process is looked at, in milliseconds. The kernel keeps the highest. */
const lookMs = 100

/**
 * Measures `countersign audit replay` on a log that is made for it.
 *
 * @param unfinished how many of the requests are not finished
 * @param onRun called with each replay as soon as it is over
 */
export async function measureAuditReplay(
  requests: number,
  unfinished: number,
  onRun: (which: (typeof replays)[number], run: ReplayRun, log: ReplayedLog) => void,
): Promise<void> {
  return withFolder(async (folder) => {
    const { privateKey, publicKeyPem } = newInstallationKey()
    const eventKey = newEventKey(privateKey, processRoles, new Date().toISOString())
    const path = join(folder, 'event-log.db')
    const key = parseEventKey(eventKey, [createPublicKey(publicKeyPem)])
    await makeLargeLog(path, key, { requests, unfinished })
    const data = join(folder, 'data')
    await mkdir(data, { mode: 0o700 })
    const environment = {
      SQLITE_TMPDIR: folder,
      COUNTERSIGN_DATA: data,
      COUNTERSIGN_EVENT_LOG: `sqlite:${path}`,
      COUNTERSIGN_INSTALLATION_KEY: publicKeyPem,
    }
    await run(['projections', 'rebuild'], environment)
    const { events, seconds } = await readLog(path)
    const log = { gibibytes: (await stat(path)).size / 1024 ** 3, readEventsPerSecond: events / seconds }
    const exported = join(folder, 'export.jsonl')
    for (const which of replays) {
      const isOfExport = which === 'audit replay --from-export'
      if (isOfExport) await run(['audit', 'export', '--whole-log', '--output', exported], environment)
      const args = [...which.split(' '), ...(isOfExport ? [exported] : []), '--json']
      const start = performance.now()
      const peakMebibytes = await run(args, environment)
      onRun(which, { eventsPerSecond: (events * 1_000) / (performance.now() - start), peakMebibytes }, log)
    }
  })
}

async function readLog(path: string): Promise<{ readonly events: number; readonly seconds: number }> {
  const log = openSqliteEventLog({ path })
  const start = performance.now()
  let events = 0
  for await (const batch of log.readAll()) events += batch.length
  const seconds = (performance.now() - start) / 1_000
  await log.close()
  return { events, seconds }
}

/**
 * Runs `countersign`, and lets nobody read what it prints.
 *
 * @returns the most memory that it had, in MiB
 * @throws Error when it ends with another code than 0
 */
async function run(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(process.execPath, [...imageArguments, join(project, 'cli', 'main.ts'), ...args], {
    env: { ...process.env, ...imageEnvironment, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  let peak = 0
  const timer = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024)
  }, lookMs)
  const [code] = await once(child, 'exit')
  clearInterval(timer)
  if (code !== 0) throw new Error(`countersign ${args.join(' ')} ended with ${code}`)
  return peak
}
