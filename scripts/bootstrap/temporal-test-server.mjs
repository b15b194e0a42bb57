import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, isExecutableFile } from '../../server/embedded/find-temporal-cli.js'
import { copyByMaven } from './maven.mjs'
import { downloadBySdk } from './sdk-download.mjs'
import { StepFailed, say } from './step.mjs'

/** Named after the release in pom.xml, so that another release is another folder. */
const folderName = 'temporal-test-server-1.32.0'
const programName = 'temporal-test-server'

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
  return [join(cache, 'bin', programName), join(cache, folderName, programName)].find(isExecutableFile)
}

/** Whether there is a test server, downloaded or named by the environment. */
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
    missing: () => (hasTemporalTestServer() ? [] : [programName]),
    obtain: async () => {
      const named = process.env.COUNTERSIGN_TEMPORAL_TEST_SERVER
      if (named)
        throw new StepFailed(`COUNTERSIGN_TEMPORAL_TEST_SERVER names ${named}, which is not an executable file.`)
      const download = await downloadBySdk('time-skipping', join(cacheFolder(process.env), 'bin', programName))
      if (download.ok) return 'downloaded by the Temporal SDK'
      say('  the Temporal SDK could not download it; getting it from Maven Central')
      await getByMaven()
      return 'copied by Maven from Maven Central'
    },
  }
}

async function getByMaven() {
  await copyByMaven({
    pom: new URL('temporal-test-server/pom.xml', import.meta.url),
    folder: folderName,
    otherwise:
      'or download the test server from\nhttps://github.com/temporalio/sdk-java/releases and set COUNTERSIGN_TEMPORAL_TEST_SERVER=/path/to/temporal-test-server',
    finish: (building) => {
      // Short-lived and small: the first compiler and the simplest collector start it in half the time.
      const launcher = [
        '#!/bin/sh',
        `exec "\${JAVA_HOME:+$JAVA_HOME/bin/}java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \\`,
        `  -cp "$(dirname "$0")/lib/*" io.temporal.testserver.TestServer "$@"`,
      ]
      writeFileSync(join(building, programName), `${launcher.join('\n')}\n`)
      chmodSync(join(building, programName), 0o755)
    },
  })
}
