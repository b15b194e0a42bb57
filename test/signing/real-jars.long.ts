import { readdir, readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jarFormat } from '../../signing/jar/index.ts'
import { formatWorkIn } from '../support/format-work.ts'
import { jarsignerVerdicts } from '../support/jarsigner/jarsigner.ts'
import { makeIdentity } from '../support/openssl.ts'
import { suiteFolder } from '../support/suite-folder.ts'

/** Where published archives are on machines with Java: of Debian's packages, and what Maven has fetched. */
const places = ['/usr/share/java', '/usr/share/maven-repo', join(homedir(), '.m2/repository')]
const largest = 20 * 1024 * 1024
const most = 150

async function publishedJars(): Promise<readonly string[]> {
  const found = new Map<number, string>()
  for (const place of places)
    for (const each of await readdir(place, { recursive: true }).catch(() => [])) {
      const path = join(place, each)
      if (!path.endsWith('.jar')) continue
      const { size } = await stat(path).catch(() => ({ size: 0 }))
      // Links and copies of one archive have one size.
      if (size > 0 && size <= largest) found.set(size, path)
    }
  return [...found.values()].slice(0, most)
}

const folder = suiteFolder()

test('published Java archives are signed, and jarsigner accepts each', { timeout: 20 * 60_000 }, async (context) => {
  const jars = await publishedJars()
  if (jars.length === 0) context.skip('There are no published archives on this machine.')
  const work = formatWorkIn(folder)
  const signer = await makeIdentity(folder, 'rsa-2048')
  const signed: string[] = []
  const refused: string[] = []
  for (const [index, path] of jars.entries()) {
    const name = `${index}.jar`
    try {
      signed.push(await work.sign({ format: jarFormat, name, bytes: await readFile(path), signer }))
    } catch (error) {
      refused.push(`${path}: ${(error as Error).message}`)
    }
  }
  const verdicts = await jarsignerVerdicts(folder, [signer.rootFile], signed)
  const failed = signed.filter((path) => verdicts.get(path)?.status !== 0)
  expect(failed.map((path) => [path, verdicts.get(path)?.output.slice(-1500)])).toEqual([])
  expect(refused).toEqual([])
})
