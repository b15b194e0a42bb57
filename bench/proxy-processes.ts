import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { imageArguments, imageEnvironment } from './image-arguments.ts'
import type { ServedByBench } from './proxy-service.ts'

/** A server of the bench that is a process of its own. */
export type BenchProcess = {
  readonly url: string
  readonly pid: number
  readonly said: ServedByBench
  readonly close: () => Promise<void>
}

/** Starts one, as the image starts its roles, and waits until it listens. @param args as `proxy-service.ts` takes them */
export async function startBenchProcess(args: readonly string[]): Promise<BenchProcess> {
  const program = fileURLToPath(new URL('proxy-service.ts', import.meta.url))
  const child = spawn(process.execPath, [...imageArguments, program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...imageEnvironment },
  })
  const ended = once(child, 'exit')
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(([status]) => Promise.reject(new Error(`${args[0]} ended with status ${status}`))),
  ])
  const said = JSON.parse(line) as ServedByBench
  return {
    url: `https://127.0.0.1:${said.port}`,
    pid: child.pid ?? 0,
    said,
    async close() {
      child.stdin.end()
      await ended
    },
  }
}
