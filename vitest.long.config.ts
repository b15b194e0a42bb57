import { defineConfig } from 'vitest/config'
import shared from './vitest.config.ts'

const { projects: _, ...own } = shared.test ?? {}

// Tests that take many minutes: `npm run test:long`.
export default defineConfig({
  ...shared,
  test: {
    ...own,
    include: ['test/**/*.long.ts'],
    testTimeout: 30 * 60_000,
    // Each of them loads the cores by itself.
    maxWorkers: 2,
    disableConsoleIntercept: true,
  },
})
