import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openTemporalDatabase } from '../../../server/embedded/temporal-database.ts'
import { runTemporalProcess } from '../../../server/embedded/temporal-process.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const databaseName = 'temporal.db'

/** A database of some pages in a folder. */
function databaseIn(folder: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, databaseName))
  onTestFinished(() => database.close())
  database.exec('BEGIN')
  database.exec('CREATE TABLE rows (text TEXT)')
  for (let row = 0; row < 100; row += 1) database.prepare('INSERT INTO rows VALUES (?)').run('x'.repeat(1_000))
  database.exec('COMMIT')
  return database
}

describe("Temporal's database before a start", () => {
  it('is sound while another process has it locked', () => {
    const folder = temporaryFolder()
    databaseIn(folder).exec('BEGIN EXCLUSIVE')
    expect(openTemporalDatabase(folder, databaseName).condition).toBe('sound')
  })

  it.each([
    ['is no database', (path: string) => writeFileSync(path, 'x'.repeat(10_000))],
    ['was cut off', (path: string) => truncateSync(path, 20_000)],
    ['is empty', (path: string) => writeFileSync(path, '')],
  ])('is damaged when it %s', (_, damage) => {
    const folder = temporaryFolder()
    databaseIn(folder).exec('SELECT 1')
    damage(join(folder, databaseName))
    expect(openTemporalDatabase(folder, databaseName).condition).toBe('damaged')
  })
})

describe('a port that cannot be listened on', () => {
  it('is called taken only when something else listens there', async () => {
    const started = runTemporalProcess({
      cliPath: '/bin/false',
      folder: temporaryFolder(),
      databaseName,
      port: 65_536,
      logger: pino({ enabled: false }),
      onSpawned: async () => undefined,
    })
    await expect(started).rejects.toMatchObject({ code: 'TEMPORAL_START_FAILED' })
  })
})
