import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../support/until.ts'
import { giveWorkflowBundle } from '../support/workflow-bundle.ts'

const root = join(import.meta.dirname, '../..')

/** Long enough for a first start on a busy machine. */
const startMs = 120_000

/** An embedded service in a process of its own, as `countersign serve` starts it. */
export type EmbeddedProcess = {
  /** Ends it and waits until it is gone. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/**
 * Starts the embedded service with its data in a folder, and waits until it is ready.
 *
 * @param port where it listens; 0 for any
 */
export async function startEmbeddedProcess(data: string, port: number): Promise<EmbeddedProcess> {
  await giveWorkflowBundle(data)
  const child = spawn(process.execPath, [join(root, 'cli/main.ts'), 'serve'], {
    env: { ...process.env, COUNTERSIGN_DATA: data, COUNTERSIGN_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += bytes))
  try {
    await until(
      'the service is ready',
      () => {
        if (hasEnded(child)) throw new Error(`The service ended:\n${said}`)
        return said.includes('Countersign is ready')
      },
      startMs,
    )
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`The service did not start:\n${said}`, { cause: error })
  }
  return {
    async stop(signal) {
      child.kill(signal)
      await until('the service is gone', () => hasEnded(child), startMs)
    },
  }
}

/** Where the service of a data directory listens. */
export function portOf(data: string): number {
  const path = join(data, 'credentials.json')
  if (!existsSync(path)) throw new Error(`There is no ${path}.`)
  const { url } = JSON.parse(readFileSync(path, 'utf8')) as { url: string }
  return Number(new URL(url).port)
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
