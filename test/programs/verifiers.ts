import { execFile, spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { fetchPackage } from './fetch-package.ts'
import { sbsigntool } from './packages.ts'

const run = promisify(execFile)

/** Another implementation: the programs that it refuses of those given, each with what it says. */
export interface OtherVerifier {
  readonly name: string
  readonly efiOnly: boolean
  refused(paths: readonly string[], rootFile: string): Promise<ReadonlyMap<string, string>>
}

/** osslsigncode and, built from its library, relic; for EFI images sbverify as well. */
export async function otherVerifiers(): Promise<readonly OtherVerifier[]> {
  const sbverify = join(await fetchPackage(sbsigntool), 'usr', 'bin', 'sbverify')
  const relic = await buildRelic()
  return [
    {
      name: 'osslsigncode',
      efiOnly: false,
      refused: (paths, rootFile) =>
        oneByOne(paths, async (path) => {
          const { ok, signatures, output } = await osslsigncodeVerify(path, rootFile)
          return ok && signatures === 1 ? undefined : output
        }),
    },
    {
      name: 'relic',
      efiOnly: false,
      async refused(paths, rootFile) {
        const child = spawn(relic, [rootFile], { stdio: ['pipe', 'pipe', 'inherit'] })
        child.stdin.end(paths.map((path) => `${path}\n`).join(''))
        const lines = (await text(child.stdout)).trim().split('\n')
        const verdicts = new Map(lines.map((line) => line.split('\t').toReversed() as [string, string]))
        return new Map(
          paths
            .map((path) => [path, verdicts.get(path) ?? 'no verdict'] as const)
            .filter(([, said]) => said !== 'ok 1'),
        )
      },
    },
    {
      name: 'sbverify',
      efiOnly: true,
      refused: (paths, rootFile) =>
        oneByOne(paths, async (path) =>
          run(sbverify, ['--cert', rootFile, path]).then(
            () => undefined,
            ({ stderr }: { stderr: string }) => stderr,
          ),
        ),
    },
  ]
}

async function oneByOne(
  paths: readonly string[],
  complaint: (path: string) => Promise<string | undefined>,
): Promise<ReadonlyMap<string, string>> {
  const refused = new Map<string, string>()
  for (const path of paths) {
    const said = await complaint(path)
    if (said !== undefined) refused.set(path, said)
  }
  return refused
}

async function buildRelic(): Promise<string> {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'countersign', 'programs', 'tools')
  await mkdir(folder, { recursive: true })
  const program = join(folder, 'relic-verify')
  await run('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, 'relic-verify') })
  return program
}
