import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type EventLog, openSqliteEventLog } from '../../event-log/index.ts'
import { readSettings } from '../../server/configuration.ts'
import { openReadModels } from '../../server/read-models.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const logger = pino({ level: 'silent' })

function setUp() {
  const data = temporaryFolder()
  const settings = readSettings({ environment: { COUNTERSIGN_DATA: data } })
  const log = openSqliteEventLog({ path: join(data, 'event-log.db') })
  onTestFinished(() => log.close())
  return {
    log,
    async open(project: boolean, from: EventLog = log) {
      const readModels = await openReadModels({ settings, log: from, project, logger })
      onTestFinished(() => readModels.close())
      return readModels
    },
  }
}

describe('the readiness of the read model', () => {
  it('says that nobody has built the tables of this release, and that they are there as soon as they are', async () => {
    const { open } = setUp()
    const api = await open(false)
    await expect(api.check()).rejects.toMatchObject({ code: 'READ_MODEL_NOT_READY' })
    const projector = await open(true)
    await until('the projector is ready', () =>
      projector.check().then(
        () => true,
        () => false,
      ),
    )
    await api.check()
  })

  it('says who builds, and that nothing can be read meanwhile', async () => {
    const { log, open } = setUp()
    const [gate, read] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    onTestFinished(() => gate.resolve())
    const slow: EventLog = {
      ...log,
      async *readAll(options) {
        read.resolve()
        await gate.promise
        yield* log.readAll(options)
      },
    }
    const builder = await open(true, slow)
    const reason = async (one: { check: () => Promise<unknown> }) =>
      one.check().then(
        () => undefined,
        (error: Error & { code: string }) => `${error.code}: ${error.message}`,
      )
    // It says that it builds before the tables are its own to build; it reads the log when they are.
    await read.promise
    expect(await reason(builder)).toContain('is being built; 0 events')
    const other = await open(true)
    await until('the other one waits', async () => (await reason(other))?.includes('by another process'))
    gate.resolve()
    await until(
      'both are ready',
      async () => (await reason(builder)) === undefined && (await reason(other)) === undefined,
    )
  })
})
