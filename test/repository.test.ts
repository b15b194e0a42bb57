import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { missingOptionalPackages } from '../scripts/complete-lock-file.mjs'

const root = join(import.meta.dirname, '..')

/** Runs a program of node_modules, or Node itself, at the root of the repository. */
function outcome(program: string, args: readonly string[]): { status: number | null; output: string } {
  const path = program === 'node' ? process.execPath : join(root, 'node_modules/.bin', program)
  const { status, stdout, stderr, error } = spawnSync(path, args, { cwd: root, encoding: 'utf8' })
  return { status, output: `${error ?? ''}${stdout}${stderr}` }
}

test.each([
  // Other files have the other cores meanwhile: by several threads it takes two thirds more processor time.
  ['every type fits', 'tsc', ['--singleThreaded']],
  [
    'nothing is left that the linter or the formatter would change',
    'biome',
    ['ci', '--colors=off', '--error-on-warnings', '.'],
  ],
  ['every import is one that the import table allows', 'node', ['scripts/check-imports.ts']],
] as const)('%s', { timeout: 120_000 }, (_, program, args) => {
  const { status, output } = outcome(program, args)
  expect(status, output).toBe(0)
})

test('package-lock.json names the binaries of all platforms, without which npm ci refuses it', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const missing = Object.keys(missingOptionalPackages(packages))
  expect(missing, 'node scripts/complete-lock-file.mjs adds them').toEqual([])
})

test('no symbolic link is in the repository: it would lead to what is on one machine only', () => {
  const { status, stdout } = spawnSync('git', ['ls-files', '--stage'], { cwd: root, encoding: 'utf8' })
  expect(status).toBe(0)
  expect(stdout.split('\n').filter((line) => line.startsWith('120000 '))).toEqual([])
})
