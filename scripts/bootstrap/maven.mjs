import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, findOnPath } from '../../server/embedded/find-temporal-cli.js'
import { run } from './run.mjs'
import { StepFailed } from './step.mjs'

const limitMs = 10 * 60_000

/**
 * Copies the dependencies of a pom.xml by Maven, with their checksums checked, to `lib/` of a folder in the user's cache
 * folder. The folder is made aside and renamed, so it is whole or not there.
 *
 * @param {object} what
 * @param {URL} what.pom
 * @param {string} what.folder name in the cache folder; the release is part of it, so that another release is another folder
 * @param {string} what.otherwise what else one can do than install Java and Maven, for the advice after a failure
 * @param {(building: string) => void} [what.finish] adds to the folder before it is renamed
 */
export async function copyByMaven({ pom, folder, otherwise, finish }) {
  const advice = `What to do: install Java 17 or newer and Maven and run the command again${otherwise === '' ? '.' : `, ${otherwise}`}`
  const maven = findOnPath('mvn', process.env)
  if (maven === undefined) throw new StepFailed(`Maven (mvn) is not on PATH.\n${advice}`)
  const cache = cacheFolder(process.env)
  mkdirSync(cache, { recursive: true })
  const building = mkdtempSync(join(cache, '.maven-'))
  try {
    copyFileSync(pom, join(building, 'pom.xml'))
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
    const args = ['--batch-mode', '--quiet', '--strict-checksums', goal, `-DoutputDirectory=${join(building, 'lib')}`]
    const { ok, output } = await run(maven, args, { limitMs, folder: building })
    if (!ok) throw new StepFailed(`mvn ${args.join(' ')} failed:\n${output}\n\n${advice}`)
    finish?.(building)
    if (existsSync(join(cache, folder))) rmSync(join(cache, folder), { recursive: true })
    renameSync(building, join(cache, folder))
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
}
