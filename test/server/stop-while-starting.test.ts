import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { processIdentity } from '../../server/embedded/process-record.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const root = join(import.meta.dirname, '../..')

/** A Temporal server that never serves, and ends by force only. */
function silentTemporal(): string {
  const path = join(temporaryFolder(), 'temporal')
  writeFileSync(path, "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n")
  chmodSync(path, 0o755)
  return path
}

describe('a service that is to stop while it starts', () => {
  it('ends in good order and as a whole', async () => {
    const data = join(temporaryFolder(), 'data')
    const environment = { COUNTERSIGN_TEMPORAL_CLI: silentTemporal(), COUNTERSIGN_DATA: data, COUNTERSIGN_PORT: '0' }
    const child = spawn(process.execPath, [join(root, 'cli/main.ts'), 'serve'], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += bytes))
    const ended = once(child, 'close')
    const record = join(data, 'temporal', 'server.json')
    await until('Temporal was started', () => existsSync(record))
    const { pid } = JSON.parse(readFileSync(record, 'utf8')) as { readonly pid: number }
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(said).toContain('Stopped while starting.')
    await until('Temporal is gone', () => processIdentity(pid) === undefined)
  }, 60_000)
})
