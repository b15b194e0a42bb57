import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const root = join(import.meta.dirname, '../..')
const timeoutMs = 120_000

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A pid that a file of the data directory names. */
function pidIn(data: string, ...names: string[]): number {
  return Number((JSON.parse(readFileSync(join(data, ...names), 'utf8')) as { pid: number }).pid)
}

describe('npm start', { timeout: 2 * timeoutMs }, () => {
  it('is ready when its set-up is complete and not before, and ends as a whole on SIGTERM', async () => {
    const data = join(temporaryFolder(), 'data')
    const npm = spawn('npm', ['start'], {
      cwd: root,
      env: { ...process.env, COUNTERSIGN_DATA: data, COUNTERSIGN_PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    // Should the test fail: whatever npm started is in its process group.
    onTestFinished(() => {
      if (npm.pid !== undefined)
        try {
          process.kill(-npm.pid, 'SIGKILL')
        } catch {
          // It ended, as it should.
        }
    })
    let said = ''
    for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (bytes) => (said += bytes))

    await until('it says where it listens', () => /API on (http:\S+)/.test(said) || hasEnded(npm), timeoutMs)
    const url = /API on (http:\S+)/.exec(said)?.[1] ?? said
    const credentials = join(data, 'credentials.json')
    const before: string[] = []
    await until(
      'it is ready',
      async () => {
        const hadCredentials = existsSync(credentials)
        const { status } = await fetch(`${url}/health/ready`)
        if (status === 200 && !hadCredentials) before.push('ready without credentials')
        return status === 200
      },
      timeoutMs,
    )
    expect(before).toEqual([])
    expect(Object.keys(JSON.parse(readFileSync(credentials, 'utf8')).users)).toContain('ci')

    // Whoever knows nothing but this address is led to what there is.
    const { detail } = await (await fetch(url)).json()
    const [, described = ''] = /GET (\S+openapi\.json)/.exec(detail) ?? []
    expect(await (await fetch(`${url}${described}`)).json()).toMatchObject({ info: { title: 'Countersign' } })

    const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8')
    const explained = [...page.matchAll(/^\| `([\w.-]+)\/?` \|/gm)].map(([, name]) => name)
    const present = readdirSync(data).map((name) => name.replace(/-(wal|shm|journal)$/, ''))
    expect(present.filter((name) => !explained.includes(name))).toEqual([])

    const temporal = pidIn(data, 'temporal', 'server.json')
    expect(isAlive(temporal)).toBe(true)
    npm.kill('SIGTERM')
    await until('npm is gone', () => hasEnded(npm), timeoutMs)
    await until(
      'the service is gone',
      () =>
        fetch(url).then(
          () => false,
          () => true,
        ),
      timeoutMs,
    )
    await until('Temporal is gone', () => !isAlive(temporal), timeoutMs)
    await until('nothing is left that runs', () => !existsSync(join(data, 'running.json')), timeoutMs)
    expect(said).toContain('Stopped.')
  })
})
