import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { useCommandLine } from '../support/command-line.ts'
import { until } from '../support/until.ts'

const root = join(import.meta.dirname, '../..')
const at = useCommandLine()

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [join(root, 'cli/main.ts'), ...args], {
    env: { ...process.env, ...at.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (bytes) => (said.stdout += bytes))
  child.stderr.on('data', (bytes) => (said.stderr += bytes))
  return { child, said, closed: once(child, 'close') as Promise<[number | null, string | null]> }
}

describe('the process', () => {
  it('ends with the exit code, everything printed', async () => {
    const many = Array.from({ length: 400 }, () => at.service.add())
    const { said, closed } = start(['request', 'list', '--limit', '1000', '--json'])
    expect(await closed).toEqual([0, null])
    expect((JSON.parse(said.stdout) as { signingRequests: unknown[] }).signingRequests).toHaveLength(many.length)
  })

  it('tells its version', async () => {
    const { said, closed } = start(['--version'])
    await closed
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    expect(said.stdout).toBe(`${version}\n`)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends its wait on %s and says how to go on', async (signal) => {
    const { signingRequestId } = at.service.add()
    const { child, said, closed } = start(['request', 'watch', signingRequestId])
    await until('the first event', () => said.stdout.includes('Submitted'))
    child.kill(signal)
    expect(await closed).toEqual([130, null])
    expect(said.stderr).toContain(`countersign request watch ${signingRequestId}`)
  })

  it('ends quietly when nobody reads any more', async () => {
    for (let count = 0; count < 2000; count++) at.service.add()
    const { child, said, closed } = start(['request', 'list', '--limit', '2000', '--json'])
    child.stdout.destroy()
    await closed
    expect(said.stderr).toBe('')
  })
})
