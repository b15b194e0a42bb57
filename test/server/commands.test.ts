import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  auditReplay,
  createOrganization,
  init,
  rebuildProjections,
  resume,
  revokeEventKey,
} from '../../server/commands.ts'
import { parseEventKey, parseInstallationKeys, readEventKeys } from '../../server/event-keys.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let data: string

beforeEach(() => {
  data = join(temporaryFolder(), 'data')
  vi.stubEnv('COUNTERSIGN_DATA', data)
  return () => vi.unstubAllEnvs()
})

describe('a command on the server', () => {
  it.each([
    ['audit replay', () => auditReplay({ compare: false }, () => undefined)],
    ['audit replay --compare', () => auditReplay({ compare: true }, () => undefined)],
    ['projections rebuild', () => rebuildProjections({})],
    ['event-key revoke', () => revokeEventKey({ keyId: 'ab'.repeat(16) })],
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

  it('organization create adds one that has nothing of the others, and refuses where none is', async () => {
    const first = await init({ organization: 'First Ltd', administrator: 'Ada', demo: false })
    const out = join(data, 'second.json')
    const second = await createOrganization({ organization: 'Second Ltd', administrator: 'Bob', out })
    expect(second.credentialsFile).toBe(out)
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(second.organizationId).not.toBe(first.organizationId)
    const { organizationId, users } = JSON.parse(readFileSync(out, 'utf8'))
    expect(organizationId).toBe(second.organizationId)
    // Another token, of another user of another organization.
    const before = JSON.parse(readFileSync(first.credentialsFile, 'utf8'))
    expect(users.administrator.userId).not.toBe(before.users.administrator.userId)
    expect(users.administrator.token).not.toBe(before.users.administrator.token)
    const organizations = new Map<string, Set<string>>()
    await auditReplay({ compare: false }, ({ states }) => {
      for (const { streamId, stateJson } of states)
        if (/^(?:organization|user)-/.test(streamId)) {
          const { organizationId: of } = JSON.parse(stateJson) as { readonly organizationId: string }
          organizations.set(of, (organizations.get(of) ?? new Set()).add(streamId))
        }
    })
    expect([...organizations.values()].map((streams) => streams.size)).toEqual([2, 2])
    await expect(createOrganization({ organization: 'Third Ltd', administrator: 'Cy', out })).rejects.toMatchObject({
      code: 'CREDENTIALS_FILE_EXISTS',
    })
    vi.stubEnv('COUNTERSIGN_DATA', join(data, '..', 'nothing'))
    await expect(
      createOrganization({ organization: 'Third Ltd', administrator: 'Cy', out: join(data, 'third.json') }),
    ).rejects.toMatchObject({ code: 'EVENT_LOG_NOT_FOUND' })
  })

  it('event-key revoke refuses a key that the log does not know, and revokes one that it knows', async () => {
    await init({ organization: 'Example Ltd', administrator: 'Ada', demo: false })
    await expect(revokeEventKey({ keyId: 'ab'.repeat(16) })).rejects.toMatchObject({ code: 'EVENT_KEY_NOT_FOUND' })
    const replay = () =>
      auditReplay({ compare: false }, ({ states, ...replayed }) => ({ ...replayed, states: [...states] }))
    const { states, events } = await replay()
    const { eventKey, installationKey } = (await readEventKeys(data)) ?? { eventKey: '', installationKey: '' }
    const { keyId } = parseEventKey(eventKey, parseInstallationKeys(installationKey))
    const { since } = await revokeEventKey({ keyId, reason: 'for a test' })
    const replayed = await replay()
    expect(replayed).toMatchObject({ events: events + 1, states, signatures: { faultCount: 0 } })
    // This installation has one key, which signs nothing any more.
    await expect(revokeEventKey({ keyId, since })).rejects.toMatchObject({ code: 'EVENT_KEY_REVOKED' })
  })

  it('says that no service runs, when that is why it does not know where Temporal is', async () => {
    await expect(resume({})).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining(`No service runs on ${data}`),
    })
  })
})
