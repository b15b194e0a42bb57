import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FuzzTarget } from './target.ts'

const folder = join(import.meta.dirname, 'targets')

/** Every target there is, by name. A file of `targets/` that exports none is an error. */
export async function findTargets(): Promise<readonly FuzzTarget[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts')).toSorted()
  return Promise.all(
    files.map(async (file) => {
      const { target }: { target?: FuzzTarget } = await import(join(folder, file))
      if (target === undefined) throw new Error(`test/fuzz/targets/${file} exports no target`)
      return target
    }),
  )
}
