import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ProjectorChild } from './projector-child.ts'

/** Runs a projector in a process of its own, until the test is over. */
export function spawnProjector(what: ProjectorChild): ChildProcess {
  const child = join(import.meta.dirname, 'projector-child.ts')
  const one = spawn(process.execPath, [child, JSON.stringify(what)], { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(() => void one.kill('SIGKILL'))
  return one
}
