import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the image starts Node with, before the program: the bench starts roles likewise, for their memory depends on it. */
export const imageArguments: readonly string[] = entryPoint().slice(1, -1)

function entryPoint(): readonly string[] {
  const dockerfile = readFileSync(join(import.meta.dirname, '..', 'Dockerfile'), 'utf8')
  const [, list] = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile) ?? []
  if (list === undefined) throw new Error('The Dockerfile has no ENTRYPOINT in the form of a list.')
  return JSON.parse(list)
}
