import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What the image starts Node with, before the program: the bench starts roles likewise, for their memory depends on it. */
export const imageArguments: readonly string[] = entryPoint().slice(1, -1)

/** What the image sets in the environment of every process that bears on its memory. */
export const imageEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: variable('MALLOC_ARENA_MAX') }

/**
 * Compiles the service into a folder, as the image has it.
 *
 * @returns what names the folder in the environment
 */
export async function compiledAsInImage(folder: string): Promise<Readonly<Record<string, string>>> {
  const environment = { NODE_COMPILE_CACHE: folder }
  const serve = join(import.meta.dirname, '../server/serve.ts')
  const code = `await import(${JSON.stringify(serve)}); process.exit()`
  await promisify(execFile)(process.execPath, [...imageArguments, '--input-type=module', '-e', code], {
    env: { ...process.env, ...environment },
  })
  return environment
}

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
