import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  cachedTemporalCli,
  findOnPath,
  findTemporalCli,
  howToGetTemporalCli,
  temporalCliVersion,
} from '../../server/embedded/find-temporal-cli.js'
import { run } from './run.mjs'
import { downloadBySdk } from './sdk-download.mjs'
import { StepFailed, say } from './step.mjs'

const cliModule = `github.com/temporalio/cli/cmd/temporal@${temporalCliVersion}`
/** Five minutes were seen on two cores. */
const buildLimitMs = 30 * 60_000

/**
 * The Temporal server binary: found as findTemporalCli says, else put into the user's cache folder, by the download that
 * the Temporal SDK offers or by Go.
 *
 * @returns {import('./step.mjs').Step}
 */
export function temporalCli() {
  return {
    name: 'Temporal server',
    missing: () => (findTemporalCli(process.env) === undefined ? ['temporal'] : []),
    obtain: async () => {
      if (process.env.COUNTERSIGN_TEMPORAL_CLI) throw new StepFailed(howToGetTemporalCli(process.env, process.platform))
      const target = cachedTemporalCli(process.env)
      mkdirSync(dirname(target), { recursive: true })
      const download = await downloadBySdk('dev-server', target)
      if (download.ok) return 'downloaded by the Temporal SDK'
      say(`  the Temporal SDK could not download it (${innermostReason(download.output)})`)
      return buildByGo(target)
    },
  }
}

/** @param {string} target */
async function buildByGo(target) {
  const go = findOnPath('go', process.env)
  if (go === undefined)
    throw new StepFailed(`Go is not installed either.\n${howToGetTemporalCli(process.env, process.platform)}`)
  say(`  building it: go install ${cliModule} (some minutes, once)`)
  // Built aside and renamed, so that nobody ever finds half of it.
  const folder = mkdtempSync(join(dirname(target), '.build-'))
  try {
    const { ok, output } = await run(go, ['install', cliModule], {
      limitMs: buildLimitMs,
      environment: { GOBIN: folder, GOFLAGS: '' },
      folder,
    })
    if (!ok) {
      const advice = howToGetTemporalCli(process.env, process.platform)
      throw new StepFailed(`go install ${cliModule} failed:\n${output}\n\n${advice}`)
    }
    renameSync(join(folder, 'temporal'), target)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return `built by go install ${cliModule}`
}

/**
 * The SDK names cause within cause; the last says what it was.
 *
 * @param {string} output
 */
function innermostReason(output) {
  return output.trim().split(': ').slice(-1)[0]?.replace(/\)$/, '')
}
