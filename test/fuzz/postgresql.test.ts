import { expect, it } from 'vitest'
import { openPostgresReadModel } from '../../projections/index.ts'
import { postgresForTests } from '../support/postgres.ts'
import { fuzzService } from './service-under-fuzz.ts'
import { tryOperation } from './targets/graphql.ts'

const postgres = postgresForTests()

// PostgreSQL refuses texts and numbers that SQLite takes.
it('no operation is a fault where the read model is in PostgreSQL either', async () => {
  const database = openPostgresReadModel({ connectionString: await postgres.newDatabase() })
  const request = { seed: 1, count: 500, signal: new AbortController().signal }
  const { inputs } = await fuzzService(request, tryOperation, database)
  expect(inputs).toBe(500)
})
