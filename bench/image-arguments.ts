import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the image starts Node with, before the program: the bench starts roles likewise, for their memory depends on it. */
export const imageArguments: readonly string[] = entryPoint().slice(1, -1)

/** What the image sets in the environment of every process that bears on its memory. */
export const imageEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: variable('MALLOC_ARENA_MAX') }

function variable(name: string): string {
  const [, value] = new RegExp(`^(?:ENV| ) .*\\b${name}=(\\S+)`, 'm').exec(dockerfile()) ?? []
  if (value === undefined) throw new Error(`The Dockerfile does not set ${name}.`)
  return value
}

function dockerfile(): string {
  return readFileSync(join(import.meta.dirname, '..', 'Dockerfile'), 'utf8')
}

function entryPoint(): readonly string[] {
  const [, list] = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile()) ?? []
  if (list === undefined) throw new Error('The Dockerfile has no ENTRYPOINT in the form of a list.')
  return JSON.parse(list)
}
