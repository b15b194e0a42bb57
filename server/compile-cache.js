import { lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { join } from 'node:path'
import { cacheFolder } from './embedded/find-temporal-cli.js'

/**
 * Where Node keeps the code that it compiled, and the types that it stripped, for the next start: half of the processor time of a
 * start is that. Plain JavaScript, because it comes before everything that is worth keeping.
 *
 * What lies there is run, so it is kept where only this user writes: in a folder of the user's cache, which is made.
 *
 * @param {NodeJS.ProcessEnv} environment `NODE_COMPILE_CACHE` in it names another place, as the image does; `NODE_DISABLE_COMPILE_CACHE`
 *   switches it off (Node's documentation, module compile cache)
 * @returns {string | undefined} absolute path; `undefined` where the environment says, and where there is no place that is only ours
 */
export function compileCacheFolder(environment) {
  if (environment.NODE_COMPILE_CACHE !== undefined || environment.NODE_DISABLE_COMPILE_CACHE !== undefined)
    return undefined
  const ours = cacheFolder(environment)
  const folder = join(ours, 'compiled')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return [ours, folder].every(isOnlyOurs) ? folder : undefined
  } catch {
    // A home that is read-only, or none: it starts as it would without.
    return undefined
  }
}

/** Has this process, its threads and the processes that it starts keep what they compile, where there is a place for it. */
export function keepCompiledCode() {
  const folder = compileCacheFolder(process.env)
  if (folder === undefined) return
  module.enableCompileCache(folder)
  process.env.NODE_COMPILE_CACHE = folder
}

/**
 * Whether it is a folder in which nobody else can put anything. Windows has no such modes; there a user's folders are the user's.
 *
 * @param {string} path
 */
function isOnlyOurs(path) {
  const found = lstatSync(path)
  if (!found.isDirectory()) return false
  return process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0)
}
