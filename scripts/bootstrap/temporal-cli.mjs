import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  cachedTemporalCli,
  findTemporalCli,
  howToGetTemporalCli,
  temporalCliVersion,
} from '../../server/embedded/find-temporal-cli.js'
import { goInstall } from './go-install.mjs'
import { downloadBySdk } from './sdk-download.mjs'
import { StepFailed, say } from './step.mjs'

const cliModule = `github.com/temporalio/cli/cmd/temporal@${temporalCliVersion}`

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
      return goInstall(cliModule, target, howToGetTemporalCli(process.env, process.platform))
    },
  }
}

/**
 * The SDK names cause within cause; the last says what it was.
 *
 * @param {string} output
 */
function innermostReason(output) {
  return output.trim().split(': ').slice(-1)[0]?.replace(/\)$/, '')
}
