import { spawn } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { makeLargeLog } from '../../bench/large-log.ts'
import { processRoles } from '../../domain/index.ts'
import { newEventKey, newInstallationKey, parseEventKey } from '../../server/event-keys.ts'
import { countersign } from '../support/service-processes.ts'
import { smallDisk } from '../support/small-disk.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const folder = suiteFolder()
const exported = join(folder, 'log.jsonl')
const environment: Record<string, string> = {}

// More requests than are kept in memory, so that most are in temporary files, all of them unfinished.
beforeAll(async () => {
  const { privateKey, publicKeyPem } = newInstallationKey()
  const eventKey = newEventKey(privateKey, processRoles, new Date().toISOString())
  const path = join(folder, 'events.db')
  const key = parseEventKey(eventKey, [createPublicKey(publicKeyPem)])
  await makeLargeLog(path, key, { requests: 6_000, unfinished: 6_000 })
  mkdirSync(join(folder, 'data'), { mode: 0o700 })
  Object.assign(environment, {
    COUNTERSIGN_DATA: join(folder, 'data'),
    COUNTERSIGN_EVENT_LOG: `sqlite:${path}`,
    COUNTERSIGN_INSTALLATION_KEY: publicKeyPem,
  })
  const { code, stderr } = await countersign(['audit', 'export', '--whole-log', '--output', exported], environment).done
  if (code !== 0) throw new Error(stderr)
}, 60_000)

const ways: readonly (readonly [string, readonly string[]])[] = [
  ['a log', []],
  ['an export', ['--from-export', exported]],
]

/** Starts a replay that nobody reads what it prints of, so that it cannot come to its end. */
function startReplay(options: readonly string[], temporary: string) {
  const child = spawn(process.execPath, ['cli/main.ts', 'audit', 'replay', ...options], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, ...environment, SQLITE_TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Files of a folder that a process has open, those without a name among them. */
function openFiles(pid: number | undefined, temporary: string): readonly string[] {
  const descriptors = `/proc/${pid}/fd`
  return readdirSync(descriptors).flatMap((name) => {
    try {
      const target = readlinkSync(join(descriptors, name))
      return target.startsWith(temporary) ? [target] : []
    } catch {
      return []
    }
  })
}

describe.each(ways)('a replay of %s that needs more than memory', (_, options) => {
  it('leaves no temporary file behind, killed at whatever moment', async () => {
    const temporary = temporaryFolder()
    const child = startReplay(options, temporary)
    await until('it has temporary files', () => openFiles(child.pid, temporary).length > 0)
    expect(readdirSync(temporary)).toEqual([])
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(readdirSync(temporary)).toEqual([])
  })

  it('says that there is no room, and where there could be', async () => {
    const disk = smallDisk(1)
    const { done } = countersign(['audit', 'replay', ...options], { ...environment, SQLITE_TMPDIR: disk.path })
    const { code, stderr } = await done
    expect(stderr).toMatch(/^error: EVENT_LOG_UNAVAILABLE: .*temporary file.*SQLITE_TMPDIR.*full/)
    expect(code).not.toBe(0)
    expect(readdirSync(disk.path)).toEqual([])
  })
})
