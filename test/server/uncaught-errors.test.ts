import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { until } from '../support/until.ts'

const child = join(import.meta.dirname, '..', 'support', 'uncaught-errors-child.ts')

/** The child, what it printed, and whether its service answers. */
async function start() {
  const service: ChildProcess = spawn(process.execPath, [child], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void service.kill('SIGKILL'))
  let printed = ''
  service.stdout?.on('data', (bytes) => {
    printed += bytes
  })
  const port = await until('the port', () => /"port":(\d+)/.exec(printed)?.[1])
  const answers = async () => (await fetch(`http://127.0.0.1:${port}/health/live`)).status
  return { service, printed: () => printed, answers }
}

describe('an error that nobody caught', () => {
  it('is written to the log, wherever it was thrown, and the service answers on', async () => {
    const { service, printed, answers } = await start()
    const faults = [
      ...['timer', 'immediate', 'tick', 'microtask', 'promise', 'promise without an error', 'emitter', 'stream'],
      ...['http server', 'process event'],
    ]
    let lines = 0
    for (const fault of faults) {
      service.stdin?.write(`${fault}\n`)
      lines += 1
      const count = () => printed().split('"level":50').length - 1
      await until(`the line about ${fault}`, () => count() >= lines)
      expect(await answers(), fault).toBe(200)
    }
    expect(printed().split('"code":"UNCAUGHT_ERROR"').length - 1).toBe(faults.length - 1)
    expect(service.exitCode).toBe(null)
  })
})
