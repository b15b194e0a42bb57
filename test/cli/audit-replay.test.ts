import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { openSqliteEventLog } from '../../event-log/index.ts'
import { keepEventKeys } from '../../server/event-keys.ts'
import { tamper } from '../support/tamper.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { runCommand } from './run-command.ts'

beforeEach(async () => {
  const data = temporaryFolder()
  const log = openSqliteEventLog({ path: join(data, 'event-log.db') })
  await log.head()
  await log.close()
  await keepEventKeys(data)
  vi.stubEnv('COUNTERSIGN_DATA', data)
  return () => vi.unstubAllEnvs()
})

it('does not pass a stream that is not there for one without differences', async () => {
  const ran = await runCommand(['audit', 'replay', '--stream', 'signingRequest-mistyped'])
  expect(ran).toMatchObject({ code: 2, stdout: '' })
  expect(ran.stderr).toContain('error: STREAM_NOT_FOUND: The log has no event of "signingRequest-mistyped".')
})

it('replays an empty log to nothing', async () => {
  expect(await runCommand(['audit', 'replay'])).toMatchObject({
    code: 0,
    stdout: '0 events of 0 streams replayed.\n0 signatures checked: all right.\n',
  })
})

describe('a log that somebody wrote to past the service', () => {
  const metadata =
    '{"organizationId":"00000000-0000-0000-0000-000000000000","actor":{"kind":"system","component":"setup"},"correlationId":"x","causationId":"x","occurredAt":"2026-01-01T00:00:00.000Z"}'

  /** A log with an organization and its administrator. */
  async function setUp(): Promise<string> {
    const data = temporaryFolder()
    vi.stubEnv('COUNTERSIGN_DATA', data)
    expect(await runCommand(['init'])).toMatchObject({ code: 0 })
    return join(data, 'event-log.db')
  }

  it('is right before, by every signature', async () => {
    await setUp()
    const ran = await runCommand(['audit', 'replay'])
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.stdout).toMatch(/\d signatures checked: all right\./)
  })

  it.each([
    [
      'forged',
      [
        "INSERT INTO events SELECT 900, stream_id, 900, 'b0000000-0000-4000-8000-000000000000', type, data, ? FROM events WHERE type = 'GlobalRoleGranted'",
        metadata,
      ],
    ],
    [
      'changed',
      [
        "UPDATE events SET data = replace(data, 'globalAdministrator', 'globalReader') WHERE type = 'GlobalRoleGranted'",
      ],
    ],
    ['removed', ["DELETE FROM events WHERE type = 'GlobalRoleGranted'"]],
  ] as const)(
    'names what was %s, and exits with 10; after a rebuild of the read model, too',
    async (kind, statement) => {
      const path = await setUp()
      tamper(path, statement)
      for (let time = 0; time < 2; time += 1) {
        const ran = await runCommand(['audit', 'replay', '--json'])
        expect(ran.code).toBe(10)
        const { signatures } = JSON.parse(ran.stdout)
        expect(signatures.faults).toContainEqual(
          expect.objectContaining({ kind, streamId: expect.stringMatching(/^user-/), reason: expect.any(String) }),
        )
        await runCommand(['projections', 'rebuild'])
      }
      expect((await runCommand(['audit', 'replay'])).stdout).toContain(`The log is not what was written`)
    },
  )
})
