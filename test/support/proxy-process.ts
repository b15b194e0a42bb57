import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ProxyFiles } from './test-proxy.ts'

/** `countersign proxy` as a process of its own. */
export type ProxyProcess = {
  readonly port: number
  readonly operationsPort: number
  readonly pid: number
  readonly statementKey: { readonly keyId: string; readonly publicKey: string }
  /** Lines of its log so far. */
  readonly lines: () => readonly Readonly<Record<string, unknown>>[]
  readonly signal: (name: NodeJS.Signals) => void
  readonly operations: (path: string) => Promise<Response>
  /** Processor time that it has used, in milliseconds. */
  readonly processorTime: () => Promise<number>
  /** What it has of memory now, in MiB. */
  readonly memory: () => Promise<number>
  /** Stops it; answers with its status. */
  readonly close: () => Promise<number | null>
}

const ofRepository = join(import.meta.dirname, '../../cli/countersign.js')

/**
 * Starts it and waits until it listens.
 *
 * @param options.keepLines whether the lines of requests are kept; of many they would be many
 * @param options.program the command, where it is not that of the repository
 */
export async function startProxyProcess(
  { file }: Pick<ProxyFiles, 'file'>,
  { nodeArguments = [] as readonly string[], keepLines = true, program = ofRepository } = {},
): Promise<ProxyProcess> {
  const child = spawn(process.execPath, [...nodeArguments, program, 'proxy', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: Record<string, unknown>[] = []
  const { port, operationsPort, statementKey } = await readyLine(child, lines, keepLines)
  const pid = child.pid ?? 0
  return {
    port,
    operationsPort,
    statementKey,
    pid,
    lines: () => lines,
    signal: (name) => void child.kill(name),
    operations: (path) => fetch(`http://127.0.0.1:${operationsPort}${path}`),
    processorTime: () => processorTime(pid),
    memory: async () => Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const [status] = await ended
      return status
    },
  }
}

/** Processor time that a process has used, in milliseconds (proc(5): clock ticks of 10 ms). */
export async function processorTime(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

type Ready = Pick<ProxyProcess, 'port' | 'operationsPort' | 'statementKey'>

function readyLine(child: ChildProcess, lines: Record<string, unknown>[], keepLines: boolean): Promise<Ready> {
  const { stdout } = child
  if (stdout === null) throw new Error('The process has no output.')
  return new Promise((resolve, reject) => {
    child.once('exit', (status) => reject(new Error(`The proxy ended with status ${status}: ${JSON.stringify(lines)}`)))
    createInterface({ input: stdout }).on('line', (text) => {
      const line = JSON.parse(text)
      if (keepLines || line.msg !== 'request') lines.push(line)
      if (line.msg === 'ready') resolve(line)
    })
  })
}
