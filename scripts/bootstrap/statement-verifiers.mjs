import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, findOnPath, isExecutableFile } from '../../server/embedded/find-temporal-cli.js'
import { goInstall } from './go-install.mjs'
import { run } from './run.mjs'
import { StepFailed } from './step.mjs'

/** Before 2.6.3 and 3.0.6, payloads that cannot be read counted as verified (CVE-2026-39395). */
const cosignVersion = 'v3.1.3'
const dsseLibraries = ['securesystemslib==1.6.0', 'in-toto-attestation==0.9.3', 'cryptography==50.0.2']
/** Named after its contents, so that others are another folder. */
const dsseFolder = 'dsse-libraries-1'

/**
 * Finds cosign: `COUNTERSIGN_COSIGN`, then the user's cache folder. One on `PATH` may be of any release.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {string | undefined} path of an executable file
 */
export function findCosign(environment) {
  const named = environment.COUNTERSIGN_COSIGN
  const path =
    named !== undefined && named !== '' ? named : join(cacheFolder(environment), 'bin', `cosign-${cosignVersion}`)
  return isExecutableFile(path) ? path : undefined
}

/**
 * cosign, which verifies bundles.
 *
 * @returns {import('./step.mjs').Step}
 */
export function cosign() {
  return {
    name: 'cosign',
    missing: () => (findCosign(process.env) === undefined ? [`cosign ${cosignVersion}`] : []),
    obtain: () =>
      goInstall(
        `github.com/sigstore/cosign/v3/cmd/cosign@${cosignVersion}`,
        join(cacheFolder(process.env), 'bin', `cosign-${cosignVersion}`),
        'What to do: install Go 1.26 or newer, or name a cosign by COUNTERSIGN_COSIGN.',
      ),
  }
}

/**
 * The folder of the Python libraries that verify envelopes, for `PYTHONPATH`.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {string | undefined}
 */
export function findDsseLibraries(environment) {
  const folder = join(cacheFolder(environment), dsseFolder)
  return existsSync(folder) ? folder : undefined
}

/**
 * securesystemslib and in-toto's library for Python, which verify envelopes and read statements.
 *
 * @returns {import('./step.mjs').Step}
 */
export function dsseVerifiers() {
  return {
    name: 'DSSE libraries for Python',
    missing: () => (findDsseLibraries(process.env) === undefined ? dsseLibraries : []),
    async obtain() {
      const python = findOnPath('python3', process.env)
      if (python === undefined) throw new StepFailed('Python 3 is not installed.')
      const cache = cacheFolder(process.env)
      mkdirSync(cache, { recursive: true })
      const building = mkdtempSync(join(cache, '.build-'))
      try {
        const args = ['-m', 'pip', 'install', '-q', '--only-binary', ':all:', '--target', building, ...dsseLibraries]
        const { ok, output } = await run(python, args, { limitMs: 10 * 60_000 })
        if (!ok)
          throw new StepFailed(`pip install failed:\n${output}\n\nWhat to do: see that python3 has pip, and try again.`)
        renameSync(building, join(cache, dsseFolder))
      } finally {
        rmSync(building, { recursive: true, force: true })
      }
      return 'installed by pip'
    },
  }
}
