import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { authenticate } from '../../application/authenticate.ts'
import { openSqliteEventLog } from '../../event-log/index.ts'
import { readSettings } from '../../server/configuration.ts'
import { type Initialisation, initialise } from '../../server/initialise.ts'
import { openPersons } from '../../server/persons.ts'
import { mayMount, smallDisk } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function installation() {
  const folder = temporaryFolder()
  const settings = readSettings({ environment: { COUNTERSIGN_DATA: folder, COUNTERSIGN_PORT: '8123' } })
  const credentialsFile = join(folder, 'tokens.json')
  const wanted: Initialisation = {
    organization: 'Example Ltd',
    administrator: 'Ada',
    demo: false,
    credentialsFile,
  }
  return { folder, settings, credentialsFile, wanted }
}

async function eventsOf(folder: string): Promise<readonly string[]> {
  const log = openSqliteEventLog({ path: join(folder, 'event-log.db') })
  const types: string[] = []
  for await (const events of log.readAll()) types.push(...events.map(({ type }) => type))
  await log.close()
  return types
}

describe('setting up an empty installation', () => {
  test('makes an organization whose administrator can sign in with the token of the file, which only the owner reads', async () => {
    const { folder, settings, credentialsFile, wanted } = installation()
    await initialise(settings, wanted)
    expect((await stat(credentialsFile)).mode & 0o777).toBe(0o600)
    const { url, organizationId, users } = JSON.parse(await readFile(credentialsFile, 'utf8'))
    expect(url).toBe('http://127.0.0.1:8123')
    const log = openSqliteEventLog({ path: join(folder, 'event-log.db') })
    const refusals = { record: async () => undefined, close: async () => undefined }
    const now = () => new Date().toISOString()
    const caller = await authenticate({ log, refusals, now }, { apiToken: users.administrator.token }, undefined)
    await log.close()
    expect(caller).toMatchObject({ organizationId, roles: ['globalAdministrator'] })
    const persons = await openPersons(settings, pino({ level: 'silent' }))
    const person = { ...caller, ...caller.person, erased: false }
    expect(await persons.read([person])).toEqual([{ status: 'readable', name: 'Ada', email: null }])
    await persons.close()
    expect((await stat(join(folder, 'person-master.key'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'person-keys.db'))).mode & 0o777).toBe(0o600)
  })

  test('records nothing while the keys of persons are away', async () => {
    const { folder, settings, credentialsFile, wanted } = installation()
    const away = { ...settings, personKeys: 'postgres://countersign_persons@127.0.0.1:9/countersign_persons' }
    await expect(initialise(away, wanted)).rejects.toMatchObject({ code: 'PERSON_KEYS_UNAVAILABLE' })
    expect(existsSync(credentialsFile)).toBe(false)
    expect(await eventsOf(folder)).toEqual([])
    await initialise(settings, wanted)
  })

  test('happens once: a second time is refused and changes nothing', async () => {
    const { folder, settings, wanted } = installation()
    await initialise(settings, wanted)
    const before = await eventsOf(folder)
    const again = { ...wanted, credentialsFile: join(folder, 'other.json') }
    await expect(initialise(settings, again)).rejects.toMatchObject({ code: 'ORGANIZATION_EXISTS' })
    expect(await eventsOf(folder)).toEqual(before)
    expect(existsSync(again.credentialsFile)).toBe(false)
  })

  test('never replaces a file, and records nothing when the tokens cannot be handed out', async () => {
    const { folder, settings, credentialsFile, wanted } = installation()
    await writeFile(credentialsFile, 'mine')
    await expect(initialise(settings, wanted)).rejects.toMatchObject({ code: 'CREDENTIALS_FILE_EXISTS' })
    expect(await readFile(credentialsFile, 'utf8')).toBe('mine')
    const nowhere = { ...wanted, credentialsFile: join(folder, 'no-such-folder', 'tokens.json') }
    await expect(initialise(settings, nowhere)).rejects.toMatchObject({ code: 'CREDENTIALS_FILE_UNWRITABLE' })
    expect(await eventsOf(folder)).toEqual([])
  })

  test.runIf(mayMount)('records nothing when the disk has no room for the tokens', async () => {
    const { folder, settings, wanted } = installation()
    const disk = smallDisk(1)
    disk.fill(0)
    const credentialsFile = join(disk.path, 'tokens.json')
    await expect(initialise(settings, { ...wanted, credentialsFile })).rejects.toMatchObject({
      code: 'CREDENTIALS_FILE_UNWRITABLE',
      message: expect.stringContaining('ENOSPC'),
    })
    expect(existsSync(credentialsFile)).toBe(false)
    expect(await eventsOf(folder)).toEqual([])
  })

  test.each([{ organization: ' ' }, { administrator: '' }])(
    'a malformed name leaves nothing behind: %o',
    async (wrong) => {
      const { folder, settings, credentialsFile, wanted } = installation()
      await expect(initialise(settings, { ...wanted, ...wrong })).rejects.toMatchObject({ code: 'NAME_MALFORMED' })
      expect(existsSync(credentialsFile)).toBe(false)
      expect(existsSync(join(folder, 'event-log.db'))).toBe(false)
    },
  )
})
