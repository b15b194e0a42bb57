import { accessSync, constants, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

/**
 * Where the Temporal server binary is looked for. Plain JavaScript, because the bootstrap asks the same question
 * before the pinned Node is installed.
 *
 * @typedef {{ readonly path: string, readonly foundBy: 'COUNTERSIGN_TEMPORAL_CLI' | 'PATH' | 'cache' }} FoundTemporalCli
 */

/** The release that the bootstrap builds. Newer ones cannot be installed by `go install`. */
export const temporalCliVersion = 'v1.5.1'

/**
 * The folder for things that every checkout of one user shares: `$XDG_CACHE_HOME/countersign`, else `~/.cache/countersign`.
 * A relative `XDG_CACHE_HOME` is ignored, as the XDG base directory specification asks.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {string} absolute path; it need not exist
 */
export function cacheFolder(environment) {
  const base = environment.XDG_CACHE_HOME
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.cache'), 'countersign')
}

/**
 * Where the bootstrap puts the binary.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {string} absolute path; it need not exist
 */
export function cachedTemporalCli(environment) {
  return join(cacheFolder(environment), 'bin', 'temporal')
}

/**
 * Finds the Temporal server binary: `COUNTERSIGN_TEMPORAL_CLI`, then `PATH`, then the user's cache folder. A
 * `COUNTERSIGN_TEMPORAL_CLI` that names no executable file is not passed over in silence: nothing is found then.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {FoundTemporalCli | undefined}
 */
export function findTemporalCli(environment) {
  const named = environment.COUNTERSIGN_TEMPORAL_CLI
  if (named !== undefined && named !== '') {
    return isExecutableFile(named) ? { path: resolve(named), foundBy: 'COUNTERSIGN_TEMPORAL_CLI' } : undefined
  }
  const onPath = findOnPath('temporal', environment)
  if (onPath !== undefined) return { path: onPath, foundBy: 'PATH' }
  const cached = cachedTemporalCli(environment)
  return isExecutableFile(cached) ? { path: cached, foundBy: 'cache' } : undefined
}

/**
 * What to say to somebody whose machine has no Temporal server: where it was looked for, and the commands that get it.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @param {NodeJS.Platform} platform
 * @returns {string} several lines
 */
export function howToGetTemporalCli(environment, platform) {
  const named = environment.COUNTERSIGN_TEMPORAL_CLI
  if (named !== undefined && named !== '') {
    return `COUNTERSIGN_TEMPORAL_CLI names ${named}, which is not an executable file. Name the temporal binary, or unset it.`
  }
  const folder = join(cacheFolder(environment), 'bin')
  return [
    `The Temporal server ('temporal') is neither on PATH nor in ${folder}. Get it by one of:`,
    '  npm run bootstrap',
    ...(platform === 'darwin' ? ['  brew install temporal'] : []),
    `  GOBIN=${folder} go install github.com/temporalio/cli/cmd/temporal@${temporalCliVersion}    (Go 1.24 or newer; some minutes)`,
    '  or download it from https://docs.temporal.io/cli and set COUNTERSIGN_TEMPORAL_CLI=/path/to/temporal',
  ].join('\n')
}

/**
 * @param {string} program
 * @param {NodeJS.ProcessEnv} environment
 * @returns {string | undefined} absolute path of the first executable file of that name on `PATH`
 */
export function findOnPath(program, environment) {
  for (const folder of (environment.PATH ?? '').split(delimiter)) {
    const candidate = join(folder, program)
    if (isAbsolute(folder) && isExecutableFile(candidate)) return candidate
  }
  return undefined
}

/** @param {string} path */
export function isExecutableFile(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
