import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'

const limitMs = 3 * 60_000

/**
 * Has the Temporal SDK download one of its two servers, in a process of its own with a time limit, and puts the binary at
 * `target`. The SDK downloads only on the way to starting the server; so it starts, and is ended, once.
 *
 * @param {'dev-server' | 'time-skipping'} server
 * @param {string} target
 * @returns {Promise<import('./run.mjs').Outcome>}
 */
export async function downloadBySdk(server, target) {
  mkdirSync(dirname(target), { recursive: true })
  const folder = mkdtempSync(join(dirname(target), '.download-'))
  try {
    const script = fileURLToPath(new URL('start-sdk-server.mjs', import.meta.url))
    const outcome = await run(process.execPath, [script, server, folder], { limitMs })
    const [downloaded] = readdirSync(folder).filter((name) => basename(name).startsWith('temporal'))
    if (!outcome.ok) return outcome
    if (downloaded === undefined) return { ok: false, output: 'the SDK left no file behind' }
    renameSync(join(folder, downloaded), target)
    return outcome
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
