import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { readSettings } from '../../server/configuration.ts'
import { openServiceLog } from '../../server/event-log.ts'
import { prepareDataDirectory } from '../../server/private-files.ts'
import { openReadModelDatabase } from '../../server/read-models.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const modeOf = (path: string) => statSync(path).mode & 0o777

describe('a data directory', () => {
  it('is made for its owner alone', async () => {
    const path = join(temporaryFolder(), 'some', 'where')
    expect(await prepareDataDirectory(path)).toEqual({ closed: false })
    expect(modeOf(path)).toBe(0o700)
  })

  it.each(['nothing', 'event-log.db'])('that others may enter is closed when it holds %s', async (name) => {
    const path = temporaryFolder()
    if (name !== 'nothing') writeFileSync(join(path, name), '')
    chmodSync(path, 0o755)
    expect(await prepareDataDirectory(path)).toEqual({ closed: true })
    expect(modeOf(path)).toBe(0o700)
  })

  it('that others may enter and that holds other things is refused and left alone', async () => {
    const path = temporaryFolder()
    mkdirSync(join(path, 'photographs'))
    chmodSync(path, 0o750)
    await expect(prepareDataDirectory(path)).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_OPEN',
      message: expect.stringContaining(`chmod 700 ${path}`),
    })
    expect(modeOf(path)).toBe(0o750)
  })
})

describe('database files', () => {
  it.each(['new', 'old and open'])('are for their owner alone (%s)', async (kind) => {
    const before = process.umask(0o022)
    try {
      const folder = temporaryFolder()
      const settings = readSettings({ environment: { COUNTERSIGN_DATA: folder } })
      const use = async () => {
        const { log } = await openServiceLog(settings, ['projector'])
        const database = await openReadModelDatabase(settings, pino({ level: 'silent' }))
        const modes = readdirSync(folder).map((name) => [name, modeOf(join(folder, name)).toString(8)])
        await database.close()
        await log.close()
        return modes
      }
      if (kind !== 'new') {
        await use()
        for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644)
      }
      const modes = await use()
      expect(modes.length).toBeGreaterThanOrEqual(4)
      expect(modes.filter(([, mode]) => mode !== '600')).toEqual([])
    } finally {
      process.umask(before)
    }
  })
})
