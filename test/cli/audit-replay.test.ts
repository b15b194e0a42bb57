import { join } from 'node:path'
import { beforeEach, expect, it, vi } from 'vitest'
import { openSqliteEventLog } from '../../event-log/index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { runCommand } from './run-command.ts'

beforeEach(async () => {
  const data = temporaryFolder()
  const log = openSqliteEventLog({ path: join(data, 'event-log.db') })
  await log.head()
  await log.close()
  vi.stubEnv('COUNTERSIGN_DATA', data)
  return () => vi.unstubAllEnvs()
})

it('does not pass a stream that is not there for one without differences', async () => {
  const ran = await runCommand(['audit', 'replay', '--stream', 'signingRequest-mistyped'])
  expect(ran).toMatchObject({ code: 2, stdout: '' })
  expect(ran.stderr).toContain('error: STREAM_NOT_FOUND: The log has no event of "signingRequest-mistyped".')
})

it('replays an empty log to nothing', async () => {
  expect(await runCommand(['audit', 'replay'])).toMatchObject({ code: 0, stdout: '0 events of 0 streams replayed.\n' })
})
