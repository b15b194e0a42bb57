import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** An empty folder for what all tests of a file share; call it at the file's top level, it is removed after them. */
export function suiteFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}
