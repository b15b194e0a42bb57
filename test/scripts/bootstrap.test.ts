import { execFile, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { run } from '../../scripts/bootstrap/run.mjs'
import { findTemporalTestServer } from '../../scripts/bootstrap/temporal-test-server.mjs'
import { findTemporalCli, howToGetTemporalCli } from '../../server/embedded/find-temporal-cli.js'
import { processIdentity } from '../../server/embedded/process-record.ts'
import { mayMount, smallDisk } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const scripts = join(import.meta.dirname, '../../scripts')

function executable(...path: string[]): string {
  const file = join(...path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, 0o755)
  return file
}

function bootstrap(args: readonly string[], environment: NodeJS.ProcessEnv) {
  return spawnSync(process.execPath, [join(scripts, 'bootstrap.mjs'), ...args], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, ...environment },
  })
}

describe('the bootstrap', () => {
  test.each(['--for=start', '--for=test'])('with %s says nothing when nothing is missing', (purpose) => {
    const { status, stdout, stderr } = bootstrap([purpose], {})
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  test('refuses a purpose that it does not know', () => {
    const { status, stderr } = bootstrap(['--for=lunch'], {})
    expect(status).toBe(1)
    expect(stderr).toContain('--for=start, --for=test, --for=long or --for=bench')
  })

  test('does not pass over a COUNTERSIGN_TEMPORAL_CLI that is wrong', () => {
    const { status, stderr } = bootstrap([], {
      COUNTERSIGN_TEMPORAL_CLI: '/nowhere/temporal',
      XDG_CACHE_HOME: temporaryFolder(),
    })
    expect(status).toBe(1)
    expect(stderr).toContain('/nowhere/temporal, which is not an executable file')
  })
})

describe('the Temporal server binary is looked for', () => {
  test('where COUNTERSIGN_TEMPORAL_CLI says, then on PATH, then in the cache folder', () => {
    const folder = temporaryFolder()
    const named = executable(folder, 'named')
    const onPath = executable(folder, 'second', 'temporal')
    const cached = executable(folder, 'cache', 'countersign', 'bin', 'temporal')
    mkdirSync(join(folder, 'first', 'temporal'), { recursive: true })
    const PATH = `${join(folder, 'first')}:${join(folder, 'second')}`
    const XDG_CACHE_HOME = join(folder, 'cache')

    expect(findTemporalCli({ COUNTERSIGN_TEMPORAL_CLI: named, PATH, XDG_CACHE_HOME })).toEqual({
      path: named,
      foundBy: 'COUNTERSIGN_TEMPORAL_CLI',
    })
    expect(findTemporalCli({ PATH, XDG_CACHE_HOME })).toEqual({ path: onPath, foundBy: 'PATH' })
    expect(findTemporalCli({ PATH: '/nowhere', XDG_CACHE_HOME })).toEqual({ path: cached, foundBy: 'cache' })
    expect(findTemporalCli({ PATH: '/nowhere', XDG_CACHE_HOME: folder })).toBeUndefined()
    expect(findTemporalCli({ COUNTERSIGN_TEMPORAL_CLI: '/nowhere', PATH, XDG_CACHE_HOME })).toBeUndefined()
  })

  test('and is found only when it can be executed', () => {
    const folder = temporaryFolder()
    chmodSync(executable(folder, 'temporal'), 0o644)
    expect(findTemporalCli({ PATH: folder, XDG_CACHE_HOME: folder })).toBeUndefined()
  })

  test('and if it is nowhere, the commands that get it are said for the platform', () => {
    expect(howToGetTemporalCli({}, 'darwin')).toContain('brew install temporal')
    expect(howToGetTemporalCli({}, 'linux')).not.toContain('brew')
    expect(howToGetTemporalCli({ XDG_CACHE_HOME: '/var/cache' }, 'linux')).toContain(
      'GOBIN=/var/cache/countersign/bin go install github.com/temporalio/cli/cmd/temporal@',
    )
  })

  test('the test server: where COUNTERSIGN_TEMPORAL_TEST_SERVER says, then in the cache folder', () => {
    const folder = temporaryFolder()
    const named = executable(folder, 'named')
    const cached = executable(folder, 'countersign', 'bin', 'temporal-test-server')
    expect(findTemporalTestServer({ COUNTERSIGN_TEMPORAL_TEST_SERVER: named, XDG_CACHE_HOME: folder })).toBe(named)
    expect(findTemporalTestServer({ XDG_CACHE_HOME: folder })).toBe(cached)
    expect(findTemporalTestServer({ COUNTERSIGN_TEMPORAL_TEST_SERVER: '/nowhere', XDG_CACHE_HOME: folder })).toBe(
      undefined,
    )
  })
})

describe('two bootstraps', () => {
  /** Takes the lock, notes begin and end in a file, and holds it long enough for others to get in the way. */
  const holder = (log: string) => `
    import { appendFileSync } from 'node:fs'
    import { withBootstrapLock } from ${JSON.stringify(join(scripts, 'bootstrap/lock.mjs'))}
    await withBootstrapLock(async () => {
      appendFileSync(${JSON.stringify(log)}, 'begin\\n')
      await new Promise((resolve) => setTimeout(resolve, 50))
      appendFileSync(${JSON.stringify(log)}, 'end\\n')
    })`
  const hold = (cache: string, log: string) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '--eval', holder(log)], {
      env: { ...process.env, XDG_CACHE_HOME: cache },
    })

  test('do their work one after the other', async () => {
    const cache = temporaryFolder()
    const log = join(cache, 'log')
    await Promise.all(Array.from({ length: 4 }, () => hold(cache, log)))
    expect(readFileSync(log, 'utf8')).toBe('begin\nend\n'.repeat(4))
    expect(existsSync(join(cache, 'countersign', 'bootstrap.lock'))).toBe(false)
  })

  test.each([
    ['whose process has ended', () => `${spawnSync('true').pid} on ${hostname()}`, new Date()],
    ['of another machine that has not moved for minutes', () => '1 on elsewhere', new Date(Date.now() - 300_000)],
  ])('a lock %s does not hold anybody up', async (_, content, lastMoved) => {
    const cache = temporaryFolder()
    const lock = join(cache, 'countersign', 'bootstrap.lock')
    mkdirSync(join(cache, 'countersign'))
    writeFileSync(lock, content())
    utimesSync(lock, lastMoved, lastMoved)
    await hold(cache, join(cache, 'log'))
    expect(readFileSync(join(cache, 'log'), 'utf8')).toBe('begin\nend\n')
  })
})

describe('a bootstrap', () => {
  test.runIf(mayMount)('that cannot make its lock says so, and does not wait for another one', () => {
    const disk = smallDisk(1)
    mkdirSync(join(disk.path, 'countersign'))
    disk.fill(0)
    const { status, stderr } = bootstrap(['--for=start'], { XDG_CACHE_HOME: disk.path, PATH: '/usr/bin:/bin' })
    expect(status).toBe(1)
    expect(stderr).toMatch(/bootstrap: the lock .*bootstrap\.lock cannot be made: ENOSPC/)
    expect(existsSync(join(disk.path, 'countersign', 'bootstrap.lock'))).toBe(false)
  })
})

describe('a command of the bootstrap', () => {
  test('that takes too long is ended with everything that it started', async () => {
    const folder = temporaryFolder()
    const pidFile = join(folder, 'pid')
    const outcome = await run('sh', ['-c', `sleep 600 & echo $! > ${pidFile}; wait`], { limitMs: 500 })
    expect(outcome.ok).toBe(false)
    expect(outcome.output).toContain('took longer than 0.5 s')
    const pid = Number(readFileSync(pidFile, 'utf8'))
    await until('the grandchild has ended', () => processIdentity(pid) === undefined)
  })

  test('that fails is quoted: how it began and how it ended', async () => {
    const { ok, output } = await run('sh', ['-c', 'echo cause; seq 1 1000; echo end >&2; exit 1'], { limitMs: 10_000 })
    expect(ok).toBe(false)
    expect(output.split('\n').length).toBeLessThan(40)
    expect(output).toMatch(/^cause\n1\n/)
    expect(output).toContain('end')
  })

  test('that does not exist is a failure, not a crash', async () => {
    const { ok, output } = await run('/nowhere/program', [], { limitMs: 10_000 })
    expect(ok).toBe(false)
    expect(output).toContain('ENOENT')
  })

  test('ends with the bootstrap when that is interrupted', async () => {
    const folder = temporaryFolder()
    const pidFile = join(folder, 'pid')
    const code = `
      import { run } from ${JSON.stringify(join(scripts, 'bootstrap/run.mjs'))}
      await run('sh', ['-c', 'echo $$ > ${pidFile}; exec sleep 600'], { limitMs: 600000 })`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code])
    onTestFinished(() => void child.kill('SIGKILL'))
    const pid = await until('it has begun', () => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')))
    child.kill('SIGINT')
    await until('the command has ended', () => processIdentity(pid) === undefined)
  })
})
