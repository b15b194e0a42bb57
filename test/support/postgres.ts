import { afterAll, beforeAll } from 'vitest'
import { type PostgresTls, startPostgres, type TestPostgres } from './postgres-server.ts'

/**
 * Starts PostgreSQL for the tests of a file, from Debian's packages, and ends it after them.
 *
 * @param tls gives the certificates, at the start
 */
export function postgresForTests(tls?: () => Promise<PostgresTls>): TestPostgres {
  let server: Awaited<ReturnType<typeof startPostgres>> | undefined
  beforeAll(async () => {
    server = await startPostgres(await tls?.())
  })
  afterAll(() => server?.stop())
  return {
    newDatabase: async () => {
      if (server === undefined) throw new Error('PostgreSQL is not running yet.')
      return server.newDatabase()
    },
  }
}
