import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FuzzTarget } from './target.ts'

/** A target and the file that it is in. */
export interface FoundTarget {
  readonly target: FuzzTarget
  readonly module: string
}

const folder = join(import.meta.dirname, 'targets')

/** Every target there is, in the order of their files. */
export async function findTargets(): Promise<readonly FoundTarget[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts')).toSorted()
  return Promise.all(
    files.map(async (file) => {
      const module = join(folder, file)
      return { module, target: await importTarget(module) }
    }),
  )
}

/** The target that a file exports; a file that exports none is an error. */
export async function importTarget(module: string): Promise<FuzzTarget> {
  const { target }: { target?: FuzzTarget } = await import(module)
  if (target === undefined) throw new Error(`${module} exports no target`)
  return target
}
