import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { findOnPath } from '../../server/embedded/find-temporal-cli.js'
import { run } from './run.mjs'
import { StepFailed, say } from './step.mjs'

/** Five minutes were seen on two cores. */
const limitMs = 30 * 60_000

/**
 * Builds a program of a Go module. The program is named as the last part of the module's path.
 *
 * @param {string} program a package with its version, as `go install` takes it
 * @param {string} target the file that it becomes
 * @param {string} advice what to do where it cannot be built
 * @returns {Promise<string>} how it was made
 */
export async function goInstall(program, target, advice) {
  const go = findOnPath('go', process.env)
  if (go === undefined) throw new StepFailed(`Go is not installed either.\n${advice}`)
  say(`  building it: go install ${program} (some minutes, once)`)
  mkdirSync(dirname(target), { recursive: true })
  // Built aside and renamed, so that nobody ever finds half of it.
  const folder = mkdtempSync(join(dirname(target), '.build-'))
  try {
    const { ok, output } = await run(go, ['install', program], {
      limitMs,
      environment: { GOBIN: folder, GOFLAGS: '' },
      folder,
    })
    if (!ok) throw new StepFailed(`go install ${program} failed:\n${output}\n\n${advice}`)
    renameSync(join(folder, basename(program.split('@')[0] ?? '')), target)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return `built by go install ${program}`
}
