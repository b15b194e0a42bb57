import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { openRefusalAudit, type RefusedAttempt, unknownOrganization } from '../../application/index.ts'
import type { ApiTokenId, OrganizationId, UserId } from '../../domain/index.ts'
import { openSqliteEventLog } from '../../event-log/index.ts'
import { runCommand } from '../support/run-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const organizationId = '0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b' as OrganizationId
const userId = '11111111-2222-4333-8444-555555555555' as UserId

/** A log with refusals of two days: of nobody's token, and of a user of an organization. */
beforeEach(async () => {
  const data = temporaryFolder()
  vi.stubEnv('COUNTERSIGN_DATA', data)
  const log = openSqliteEventLog({ path: join(data, 'event-log.db') })
  async function refused(at: string, times: number, of: Pick<RefusedAttempt, 'organizationId' | 'actor' | 'command'>) {
    const audit = openRefusalAudit({ log, now: () => at, onError: (error) => Promise.reject(error) })
    const code = 'TOKEN_INVALID'
    for (let time = 0; time < times; time += 1)
      await audit.record({ ...of, remoteAddress: '192.0.2.1', subject: null, code, callId: randomUUID() })
    await audit.close()
  }
  const anonymous = {
    organizationId: unknownOrganization,
    actor: { kind: 'anonymous' },
    command: 'authenticate',
  } as const
  await refused('2026-03-01T12:00:00.000Z', 1, anonymous)
  await refused('2026-03-02T12:00:00.000Z', 5, anonymous)
  const tokenId = '66666666-2222-4333-8444-555555555555' as ApiTokenId
  const actor = { kind: 'user', userId, authentication: { method: 'apiToken', tokenId } } as const
  await refused('2026-03-02T12:00:00.000Z', 1, { organizationId, actor, command: 'approveSigningRequest' })
  await log.close()
  return () => vi.unstubAllEnvs()
})

const ask = async (...args: readonly string[]) => {
  const ran = await runCommand(['audit', 'refusals', '--json', '--until', '2026-03-03', ...args])
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return JSON.parse(ran.stdout)
}

describe('audit refusals', () => {
  it('tells the operator what belongs to no organization, and of nothing else', async () => {
    const { organization, since, until, refusals } = await ask()
    expect({ organization, since, until }).toEqual({
      organization: null,
      since: '2026-02-24T00:00:00.000Z',
      until: '2026-03-03T00:00:00.000Z',
    })
    expect(refusals).toMatchObject([
      { recordedAt: '2026-03-01T12:00:00.000Z', count: 1 },
      { recordedAt: '2026-03-02T12:00:00.000Z', count: 1 },
      { recordedAt: '2026-03-02T12:00:00.000Z', count: 4 },
    ])
    expect(refusals[0]).toEqual({
      recordedAt: '2026-03-01T12:00:00.000Z',
      type: 'CommandRefused',
      actor: { kind: 'anonymous' },
      remoteAddress: '192.0.2.1',
      commands: ['authenticate'],
      code: 'TOKEN_INVALID',
      subject: null,
      count: 1,
      firstAt: '2026-03-01T12:00:00.000Z',
      lastAt: '2026-03-01T12:00:00.000Z',
      kinds: [],
      unnamed: 0,
      presented: null,
    })
  })

  it('tells of one organization when it is named', async () => {
    const { organization, refusals } = await ask('--organization', organizationId)
    expect(organization).toBe(organizationId)
    expect(refusals).toMatchObject([{ commands: ['approveSigningRequest'], actor: { kind: 'user', userId } }])
  })

  it('tells of a period', async () => {
    const { refusals } = await ask('--since', '2026-03-02T12:00:00Z')
    expect(refusals.map(({ recordedAt }: { recordedAt: string }) => recordedAt.slice(0, 10))).toEqual([
      '2026-03-02',
      '2026-03-02',
    ])
    expect((await ask('--since', '2026-03-02T12:00:01Z')).refusals).toEqual([])
  })

  it('shows people who, from where, what and how often', async () => {
    const { code, stdout } = await runCommand(['audit', 'refusals', '--since', '2026-03-01', '--until', '2026-03-03'])
    expect(code).toBe(0)
    expect(stdout).toContain('anonymous  192.0.2.1  authenticate  TOKEN_INVALID')
    expect(stdout).toContain('6 refusals in 3 records.')
  })

  it.each([
    [['--organization', 'acme'], 'ID_MALFORMED'],
    [['--since', '2026-03-04', '--until', '2026-03-03'], 'PERIOD_INVALID'],
    [['--since', '1000-01-01', '--until', '2026-03-03'], 'PERIOD_INVALID'],
    [['--since', 'yesterday'], 'USAGE'],
  ])('refuses %j', async (args, error) => {
    const ran = await runCommand(['audit', 'refusals', ...args])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(`error: ${error}: `)
  })
})
