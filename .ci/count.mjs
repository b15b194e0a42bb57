// Prints "N passed, N failed" from a vitest JSON report: node count.mjs REPORT EXIT-CODE-OF-VITEST
// Fails unless at least one test passed and nothing failed.

import { existsSync, readFileSync } from 'node:fs'

const [report = '', status = '1'] = process.argv.slice(2)

/** @returns {{ passed: number, failed: number }} */
function count() {
  // No report: something failed before a test could run.
  if (!existsSync(report)) return { passed: 0, failed: 1 }
  /** @type {{ numPassedTests: number, numFailedTests: number, testResults: { status: string, assertionResults: { status: string }[] }[] }} */
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  // A file that could not be loaded, or whose hooks failed, has failed although none of its tests is listed as failed.
  const brokenFiles = testResults.filter(
    ({ status: outcome, assertionResults }) =>
      outcome === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  ).length
  const failed = numFailedTests + brokenFiles
  // Errors outside of tests, too few tests, no tests: vitest says so by its exit code only.
  return { passed: numPassedTests, failed: failed === 0 && (status !== '0' || numPassedTests === 0) ? 1 : failed }
}

const { passed, failed } = count()
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
