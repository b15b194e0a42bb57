import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'

// Many test files start processes of the service: what Node has compiled once, types stripped, they need not compile again.
// Whoever starts a process hands it on.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node-compile')

/**
 * Tests whose process must be theirs alone: the module of a token and what it is logged in to belong to the process, and so does the
 * memory that is measured.
 */
const alone = [
  'test/signing/pkcs11/**/*.test.ts',
  'test/signing/authenticode-verify.test.ts',
  'test/cli/transfer.test.ts',
]

export default defineConfig({
  // As Node resolves it: graphql's other form would be a second copy, whose types are not those of the first.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    globalSetup: 'test/support/run-folder.ts',
    // Twice the cores of a small machine: nearly half of the time of most files is waiting, for disks, servers and locks.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      // A process runs many files, one after the other: loading everything anew for each took half of the processor time.
      { extends: true, test: { name: 'together', include: ['test/**/*.test.ts'], exclude: alone, isolate: false } },
      { extends: true, test: { name: 'alone', include: alone } },
    ],
  },
})
