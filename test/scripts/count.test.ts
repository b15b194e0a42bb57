import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'

const script = join(import.meta.dirname, '../../.ci/count.mjs')

/** The closing line of a run, for a report of vitest (or none) and vitest's exit code. */
function closing(report: object | undefined, exitCode: string): [line: string | undefined, status: number | null] {
  const file = join(temporaryFolder(), 'report.json')
  if (report !== undefined) writeFileSync(file, JSON.stringify(report))
  const { stdout, status } = spawnSync(process.execPath, [script, file, exitCode], { encoding: 'utf8' })
  return [stdout.trimEnd().split('\n').at(-1), status]
}

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((outcome) => ({ status: outcome })),
})

test.each([
  [
    'all passed',
    { numPassedTests: 3, numFailedTests: 0, testResults: [file('passed', 'passed', 'passed', 'passed')] },
    '0',
    '3 passed, 0 failed',
    0,
  ],
  [
    'one failed',
    { numPassedTests: 2, numFailedTests: 1, testResults: [file('failed', 'passed', 'passed', 'failed')] },
    '1',
    '2 passed, 1 failed',
    1,
  ],
  [
    'a file could not be loaded',
    { numPassedTests: 2, numFailedTests: 0, testResults: [file('passed', 'passed', 'passed'), file('failed')] },
    '1',
    '2 passed, 1 failed',
    1,
  ],
  [
    'an error outside of tests',
    { numPassedTests: 2, numFailedTests: 0, testResults: [file('passed', 'passed', 'passed')] },
    '1',
    '2 passed, 1 failed',
    1,
  ],
  ['there was no test', { numPassedTests: 0, numFailedTests: 0, testResults: [] }, '0', '0 passed, 1 failed', 1],
  ['the bootstrap failed', undefined, '1', '0 passed, 1 failed', 1],
])('the closing line when %s', (_, report, exitCode, line, status) => {
  expect(closing(report, exitCode)).toEqual([line, status])
})
