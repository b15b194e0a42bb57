import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { auditReplay, rebuildProjections, resume } from '../../server/commands.ts'
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

  it('says that no service runs, when that is why it does not know where Temporal is', async () => {
    await expect(resume({})).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining(`No service runs on ${data}`),
    })
  })
})
