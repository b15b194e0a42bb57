import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import { replaceFile } from './whole-file.ts'

const project = fileURLToPath(new URL('..', import.meta.url))
const workflowsPath = join(project, 'workflows', 'index.ts')
/** The module that converts failures, in the sandbox and outside of it alike. */
export const failureConverterPath = join(project, 'workflows', 'failure-converter.ts')
const stackTracesPath = join(project, 'workflows', 'stack-traces.ts')

/**
 * What a sandbox loads once for all its workflows, before the first of them. Only modules without state of their own may be
 * there: `domain/` and `workflows/` have none, and what they export is frozen.
 *
 * @param workflows the module that exports the workflows
 */
export function preloaded(workflows: string): string[] {
  return [stackTracesPath, workflows]
}

/**
 * The workflows as one script for the workflow sandbox. Made once for each state of the sources and kept in a folder:
 * a second start does not wait for it.
 */
export async function workflowBundle(cacheFolder: string, logger: Logger): Promise<{ readonly codePath: string }> {
  const key = await sourcesDigest()
  const codePath = join(cacheFolder, `workflows-${key}.js`)
  await mkdir(cacheFolder, { recursive: true, mode: 0o700 })
  const kept = await readdir(cacheFolder)
  if (kept.includes(`workflows-${key}.js`)) return { codePath }
  const quiet = {
    log() {},
    trace() {},
    debug() {},
    info() {},
    warn() {},
    error: (message: string) => logger.error(message),
  }
  const { bundleWorkflowCode } = await import('@temporalio/worker')
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    failureConverterPath,
    preloadModules: preloaded(workflowsPath),
    logger: quiet,
  })
  await replaceFile(codePath, inAscii(code))
  for (const old of kept.filter((name) => name.startsWith('workflows-')))
    await rm(join(cacheFolder, old), { force: true })
  return { codePath }
}

/**
 * A script of half the size in memory: one character that is not Latin is enough for V8 to keep two bytes for each, in the
 * main thread and in that of the sandbox.
 */
function inAscii(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

async function sourcesDigest(): Promise<string> {
  const hash = createHash('sha256')
  hash.update(createRequire(import.meta.url).resolve('@temporalio/worker/package.json'))
  hash.update(await readFile(import.meta.filename))
  for (const room of ['domain', 'workflows']) {
    const folder = join(project, room)
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts')).sort()
    for (const file of files) hash.update(`${room}/${file}\n`).update(await readFile(join(folder, file)))
  }
  hash.update(await readFile(join(project, 'package-lock.json')))
  return hash.digest('hex').slice(0, 16)
}
