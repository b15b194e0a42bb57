import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openSqliteEventLog } from '../../event-log/index.ts'
import { keepEventKeys } from '../../server/event-keys.ts'
import {
  createStore,
  type EventStoreDbStore,
  startEventStoreDbStandIn,
} from '../support/eventstoredb-stand-in/index.ts'
import { runCommand } from '../support/run-command.ts'
import { tamper } from '../support/tamper.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

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

it('writes one JSON document, however its states are read', async () => {
  vi.stubEnv('COUNTERSIGN_DATA', temporaryFolder())
  expect(await runCommand(['init'])).toMatchObject({ code: 0 })
  const { stdout } = await runCommand(['audit', 'replay', '--json'])
  const replayed = JSON.parse(stdout)
  // Each state on a line of its own: there may be millions.
  const states = replayed.states.map((state: object) => `    ${JSON.stringify(state)}`).join(',\n')
  const others = JSON.stringify({ ...replayed, states: [] }, null, 2)
  expect(stdout).toBe(`${others.replace('"states": []', () => `"states": [\n${states}\n  ]`)}\n`)
  const names = ['file', 'events', 'states', 'signatures', 'broken', 'differenceCount', 'differences']
  expect(Object.keys(replayed)).toEqual(names)
  expect(replayed.states.length).toBeGreaterThan(1)
})

it('says of a sealed name whose it is, and prints no ciphertext', async () => {
  const data = temporaryFolder()
  vi.stubEnv('COUNTERSIGN_DATA', data)
  expect(await runCommand(['init', '--administrator', 'Ada Admin'])).toMatchObject({ code: 0 })
  for (const form of [[], ['--json']]) {
    const { code, stdout } = await runCommand(['audit', 'replay', ...form])
    expect(code).toBe(0)
    const [, userId] = /"name": ?"sealed, of user ([0-9a-f-]{36})"/.exec(stdout) ?? []
    expect(stdout).toContain(`user-${userId}`)
    expect(stdout).not.toMatch(/ciphertext|A256GCM|Ada/)
  }
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
    ['unreadable', ["UPDATE events SET data = '{' WHERE type = 'GlobalRoleGranted'"]],
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

  it('names what was removed from the end of a stream when it is asked for that one alone, and nothing of others', async () => {
    const path = await setUp()
    const database = new DatabaseSync(path)
    const found = database.prepare("SELECT stream_id FROM events WHERE type = 'OrganizationCreated'").get()
    database.close()
    const stream = String(found?.stream_id)
    tamper(
      path,
      ["UPDATE events SET data = replace(data, 'globalAdministrator', 'globalReader') WHERE stream_id LIKE 'user-%'"],
      ['DELETE FROM events WHERE stream_id = ?', stream],
    )
    const ran = await runCommand(['audit', 'replay', '--json', '--stream', stream])
    expect(ran.code).toBe(10)
    expect(JSON.parse(ran.stdout).signatures.faults).toEqual([
      expect.objectContaining({ kind: 'removed', streamId: stream, revision: 0 }),
    ])
  })
})

describe('a log in EventStoreDB', () => {
  it.each([
    ['$maxCount', 'hidden', (store: EventStoreDbStore, stream: string) => store.setMetadata(stream, { $maxCount: 1 })],
    ['$tb', 'hidden', (store: EventStoreDbStore, stream: string) => store.setMetadata(stream, { $tb: 1 })],
    ['$maxAge', 'hidden', (store: EventStoreDbStore, stream: string) => store.setMetadata(stream, { $maxAge: 0 })],
    ['deleted', 'hidden', (store: EventStoreDbStore, stream: string) => store.softDelete(stream)],
    ['deleted', 'unreadable', (store: EventStoreDbStore, stream: string) => store.tombstone(stream)],
  ])('names the stream that an administrator hides: %s, %s', async (reason, kind, hide) => {
    const store = createStore()
    const server = await startEventStoreDbStandIn(store)
    onTestFinished(() => server.kill())
    vi.stubEnv('COUNTERSIGN_DATA', temporaryFolder())
    vi.stubEnv('COUNTERSIGN_EVENT_LOG', server.connectionString)
    vi.stubEnv('COUNTERSIGN_EVENT_LOG_NAMESPACE', 'ours')
    expect(await runCommand(['init'])).toMatchObject({ code: 0 })
    store.append('ours-not', -1, [
      {
        id: crypto.randomUUID(),
        type: 'F',
        contentType: 'text/plain',
        data: Buffer.from(''),
        metadata: Buffer.from(''),
      },
    ])
    const right = await runCommand(['audit', 'replay'])
    expect(right.stdout).toMatch(/\d signatures checked: all right\./)
    expect(right.code).toBe(0)
    const name = store.all.find(({ streamId }) => streamId.startsWith('ours.user-'))?.streamId ?? ''
    hide(store, name)
    const ran = await runCommand(['audit', 'replay', '--json'])
    expect(ran.code).toBe(10)
    const expected = { kind, streamId: name.slice('ours.'.length), reason: expect.stringContaining(reason) }
    expect(JSON.parse(ran.stdout).signatures.faults).toEqual([expect.objectContaining(expected)])
  })
})
