import { defineConfig } from 'vitest/config'

export default defineConfig({
  // As Node resolves it: graphql's other form would be a second copy, whose types are not those of the first.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})
