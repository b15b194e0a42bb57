import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The environment variable by which processes of a run of tests know its folder. The service knows none of this name. */
export const runFolderVariable = 'TEST_RUN_FOLDER'

/**
 * Gives a run of tests a folder for what all of its processes share, and removes it in the end: what is in it was made by the sources
 * of this run. Vitest calls it before the first test, for each project.
 */
export default function setUp(): (() => void) | undefined {
  if (process.env[runFolderVariable] !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'countersign-run-'))
  process.env[runFolderVariable] = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
