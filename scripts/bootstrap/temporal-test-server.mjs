import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, findOnPath, isExecutableFile } from '../../server/embedded/find-temporal-cli.js'
import { run } from './run.mjs'
import { downloadBySdk } from './sdk-download.mjs'
import { StepFailed, say } from './step.mjs'

const LIMIT_MS = 10 * 60_000
/** Named after the release in pom.xml, so that another release is another folder. */
const FOLDER = 'temporal-test-server-1.32.0'
const NAME = 'temporal-test-server'

/**
 * Finds Temporal's time-skipping test server: `COUNTERSIGN_TEMPORAL_TEST_SERVER`, then the user's cache folder.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {string | undefined} path of an executable file
 */
export function findTemporalTestServer(environment) {
  const named = environment.COUNTERSIGN_TEMPORAL_TEST_SERVER
  if (named !== undefined && named !== '') return isExecutableFile(named) ? named : undefined
  const cache = cacheFolder(environment)
  return [join(cache, 'bin', NAME), join(cache, FOLDER, NAME)].find(isExecutableFile)
}

export function hasTemporalTestServer() {
  return findTemporalTestServer(process.env) !== undefined
}

/**
 * Temporal's time-skipping test server, for the tests of workflows: the download that the Temporal SDK offers, else the
 * Java program from Maven Central.
 *
 * @returns {import('./step.mjs').Step}
 */
export function temporalTestServer() {
  return {
    name: 'Temporal test server',
    missing: () => (hasTemporalTestServer() ? [] : [NAME]),
    obtain: async () => {
      const named = process.env.COUNTERSIGN_TEMPORAL_TEST_SERVER
      if (named)
        throw new StepFailed(`COUNTERSIGN_TEMPORAL_TEST_SERVER names ${named}, which is not an executable file.`)
      const download = await downloadBySdk('time-skipping', join(cacheFolder(process.env), 'bin', NAME))
      if (download.ok) return 'downloaded by the Temporal SDK'
      say('  the Temporal SDK could not download it; getting it from Maven Central')
      await getByMaven()
      return 'copied by Maven from Maven Central'
    },
  }
}

async function getByMaven() {
  const advice = [
    'What to do: install Java 17 or newer and Maven and run the command again, or download the test server from',
    'https://github.com/temporalio/sdk-java/releases and set COUNTERSIGN_TEMPORAL_TEST_SERVER=/path/to/temporal-test-server',
  ].join('\n')
  const maven = findOnPath('mvn', process.env)
  if (maven === undefined) throw new StepFailed(`Maven (mvn) is not on PATH.\n${advice}`)
  const cache = cacheFolder(process.env)
  mkdirSync(cache, { recursive: true })
  const building = mkdtempSync(join(cache, '.maven-'))
  try {
    copyFileSync(new URL('temporal-test-server/pom.xml', import.meta.url), join(building, 'pom.xml'))
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
    const args = ['--batch-mode', '--quiet', '--strict-checksums', goal, `-DoutputDirectory=${join(building, 'lib')}`]
    const { ok, output } = await run(maven, args, { limitMs: LIMIT_MS, folder: building })
    if (!ok) throw new StepFailed(`mvn ${args.join(' ')} failed:\n${output}\n\n${advice}`)
    // Short-lived and small: the first compiler and the simplest collector start it in half the time.
    const launcher = [
      '#!/bin/sh',
      `exec "\${JAVA_HOME:+$JAVA_HOME/bin/}java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \\`,
      `  -cp "$(dirname "$0")/lib/*" io.temporal.testserver.TestServer "$@"`,
    ]
    writeFileSync(join(building, NAME), `${launcher.join('\n')}\n`)
    chmodSync(join(building, NAME), 0o755)
    if (existsSync(join(cache, FOLDER))) rmSync(join(cache, FOLDER), { recursive: true })
    renameSync(building, join(cache, FOLDER))
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
}
