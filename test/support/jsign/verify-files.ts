import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findJsign } from '../../../scripts/bootstrap/jsign.mjs'

/**
 * Has jsign verify the only signature of each of some files.
 *
 * @returns by path `ok`, or what is wrong
 */
export async function jsignVerdicts(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const libraries = findJsign(process.env)
  if (libraries === undefined) throw new Error('jsign is missing; `npm run test:long` gets it.')
  const java = ['-cp', join(libraries, '*'), join(import.meta.dirname, 'VerifyFiles.java'), ...paths]
  const { stdout } = await promisify(execFile)('java', java)
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]),
  )
}
