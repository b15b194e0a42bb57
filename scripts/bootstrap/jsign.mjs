import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../../server/embedded/find-temporal-cli.js'
import { copyByMaven } from './maven.mjs'

/** Named after the release in pom.xml. */
const folderName = 'jsign-core-7.2'

/**
 * The folder of jsign's class files and those that it needs.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @returns {string | undefined}
 */
export function findJsign(environment) {
  const libraries = join(cacheFolder(environment), folderName, 'lib')
  return existsSync(libraries) ? libraries : undefined
}

/**
 * jsign, which the bench compares with, and which verifies scripts in the tests that take long.
 *
 * @returns {import('./step.mjs').Step}
 */
export function jsign() {
  return {
    name: 'jsign',
    missing: () => (findJsign(process.env) === undefined ? ['jsign-core'] : []),
    obtain: async () => {
      await copyByMaven({ pom: new URL('jsign/pom.xml', import.meta.url), folder: folderName, otherwise: '' })
      return 'copied by Maven from Maven Central'
    },
  }
}
