import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { replaceFile } from '../whole-file.ts'

/** A child process, written down so that a later start can recognise it although its parent is gone. */
const processRecordSchema = z.object({
  pid: z.int().positive(),
  /** Tells the process from a later one of the same number; see {@link processIdentity}. */
  identity: z.string().min(1),
})

type ProcessRecord = z.infer<typeof processRecordSchema>

/** Writes down that `pid` runs, in one step: a reader sees the whole record or none. */
export async function recordProcess(file: string, pid: number): Promise<void> {
  const identity = processIdentity(pid)
  if (identity === undefined) return
  const record: ProcessRecord = { pid, identity }
  await replaceFile(file, JSON.stringify(record))
}

/** Forgets what {@link recordProcess} wrote. */
export function forgetProcess(file: string): void {
  rmSync(file, { force: true })
}

/**
 * Ends the process that `file` records, if that very process still runs; a number that the system has given to another
 * process since is left alone.
 *
 * @returns its pid if one was ended
 */
export async function endRecordedProcess(file: string): Promise<number | undefined> {
  const record = readRecord(file)
  if (record === undefined || processIdentity(record.pid) !== record.identity) return undefined
  try {
    process.kill(record.pid, 'SIGKILL')
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
  while (processIdentity(record.pid) === record.identity) await delay(10)
  forgetProcess(file)
  return record.pid
}

function readRecord(file: string): ProcessRecord | undefined {
  try {
    return processRecordSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    // Missing, or cut short by a crash: then there is nothing that could be recognised.
    return undefined
  }
}

/**
 * What tells a running process from every other that had or will have its number: boot and start time on Linux, the
 * start time elsewhere. `undefined` when no such process runs (one that has ended but was not yet waited for included).
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform !== 'linux') return startTimeByPs(pid)
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // proc(5): the second field is the program's name in parentheses, which may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, startTime] = [fields[0], fields[19]]
    if (state === 'Z' || state === 'X') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${startTime}`
  } catch {
    return undefined
  }
}

function startTimeByPs(pid: number): string | undefined {
  try {
    const [state, ...started] = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split(/\s+/)
    return state === undefined || state === '' || state.startsWith('Z') ? undefined : started.join(' ')
  } catch {
    return undefined
  }
}
