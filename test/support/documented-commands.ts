import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** The blocks of a page that a reader is to type, in their order. @param page below the repository's root */
export function documentedBlocks(page: string, language = 'sh'): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block)
}

/** What a shell came to that was given the blocks of a page. */
export type RanBlocks = {
  readonly code: unknown
  /** What it said, with `=== block N` before what each block said. */
  readonly said: string
}

/**
 * Runs blocks one after the other in one shell, in a folder where `countersign` is this repository's command line. Variables of the
 * service in the test's own environment are not seen.
 */
export async function runBlocks(
  blocks: readonly string[],
  { folder, environment = {} }: { readonly folder: string; readonly environment?: Readonly<Record<string, string>> },
): Promise<RanBlocks> {
  const programs = join(folder, 'bin')
  mkdirSync(programs, { recursive: true })
  const countersign = join(programs, 'countersign')
  writeFileSync(countersign, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'cli/main.ts')}' "$@"\n`)
  chmodSync(countersign, 0o755)
  const script = blocks.map((text, index) => `echo "=== block ${index + 1}" >&2\n${text}`).join('\n')
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COUNTERSIGN_')))
  const path = [programs, join(process.execPath, '..'), process.env.PATH].join(delimiter)
  const shell = spawn('bash', ['-c', script], {
    cwd: folder,
    env: { ...own, ...environment, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (bytes) => (said += bytes))
  const code = await new Promise((resolve) => shell.once('close', resolve))
  return { code, said }
}
