import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { auditReplay, init, rebuildProjections, resume } from '../../server/commands.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let data: string

beforeEach(() => {
  data = join(temporaryFolder(), 'data')
  vi.stubEnv('COUNTERSIGN_DATA', data)
  return () => vi.unstubAllEnvs()
})

describe('a command on the server', () => {
  it.each([
    ['audit replay', () => auditReplay({ compare: false })],
    ['audit replay --compare', () => auditReplay({ compare: true })],
    ['projections rebuild', () => rebuildProjections({})],
  ])('%s refuses a place where there is no event log, and makes none', async (_, command) => {
    await expect(command()).rejects.toMatchObject({
      code: 'EVENT_LOG_NOT_FOUND',
      message: expect.stringContaining(join(data, 'event-log.db')),
    })
    expect(existsSync(data)).toBe(false)
  })

  it('init makes the data directory where nothing ran yet, for its owner alone', async () => {
    const wanted = { organization: 'Example Ltd', administrator: 'Ada', demo: false }
    const { credentialsFile } = await init(wanted)
    expect(credentialsFile).toBe(join(data, 'credentials.json'))
    expect(statSync(credentialsFile).mode & 0o777).toBe(0o600)
    expect(statSync(data).mode & 0o777).toBe(0o700)
  })

  it('init makes no folder for what --out names, and nothing else then', async () => {
    const out = join(data, 'tokens.json')
    vi.stubEnv('COUNTERSIGN_DATA', join(data, '..', 'other'))
    const wanted = { organization: 'Example Ltd', administrator: 'Ada', demo: false, out }
    await expect(init(wanted)).rejects.toMatchObject({
      code: 'CREDENTIALS_FILE_UNWRITABLE',
      message: expect.stringContaining(out),
    })
    expect(existsSync(data)).toBe(false)
  })

  it('says that no service runs, when that is why it does not know where Temporal is', async () => {
    await expect(resume({})).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining(`No service runs on ${data}`),
    })
  })
})
