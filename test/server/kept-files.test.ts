import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { processRoles } from '../../domain/index.ts'
import { credentialsPath, readCredentials } from '../../server/embedded/credentials.ts'
import { readRuntimeFacts, writeRuntimeFacts } from '../../server/embedded/runtime-facts.ts'
import { keepEventKeys, parseEventKey, parseInstallationKeys, readEventKeys } from '../../server/event-keys.ts'
import { exclusively, takeExclusively } from '../../server/exclusive-use.ts'
import { keepSecretKey } from '../../server/secret-keys.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What several processes that begin at once get. */
const atOnce = <Result>(make: () => Promise<Result>) => Promise.all(Array.from({ length: 5 }, make))

describe('keys of a data directory', () => {
  it('that seal are made once, however many begin at once', async () => {
    const path = join(temporaryFolder(), 'payload.key')
    expect(new Set([...(await atOnce(() => keepSecretKey(path))), await keepSecretKey(path)]).size).toBe(1)
  })

  it('of events are made once, and belong together', async () => {
    const data = temporaryFolder()
    const made = await atOnce(() => keepEventKeys(data))
    expect(new Set(made.map((keys) => JSON.stringify(keys))).size).toBe(1)
    expect(await readEventKeys(data)).toEqual(made[0])
    const { eventKey = '', installationKey = '' } = made[0] ?? {}
    expect(parseEventKey(eventKey, parseInstallationKeys(installationKey)).roles).toEqual(processRoles)
    expect((await readdir(data)).sort()).toEqual(['event.key', 'installation-key.pem', 'keys.lock'])
  })
})

describe('work under a file', () => {
  it('waits for whoever works under it, and gives it back when it fails', async () => {
    const file = join(temporaryFolder(), 'lock')
    const giveBack = takeExclusively(file)
    let begun = false
    const failing = exclusively(file, async () => {
      begun = true
      throw new Error('failed')
    })
    expect(takeExclusively(file)).toBeUndefined()
    expect(begun).toBe(false)
    giveBack?.()
    await expect(failing).rejects.toThrow('failed')
    expect(await exclusively(file, async () => 'done')).toBe('done')
  })
})

describe('what a start left in the data directory', () => {
  it.each(['{"users": {"ci": {"token": "csk_hunter2"', '{"users": {"ci": {"token": ["csk_hunter2"]}}}'])(
    'is refused with a code when the tokens are damaged, and quotes nothing: %s',
    async (text) => {
      const data = temporaryFolder()
      await writeFile(credentialsPath(data), text)
      const failure: Error & { code?: string } = (await readCredentials(data).catch((error: Error) => error)) as Error
      expect(failure.code).toBe('CREDENTIALS_UNREADABLE')
      expect([failure.message, failure.stack, String(failure.cause)].join()).not.toContain('hunter2')
    },
  )

  it('counts as nothing when it is where the parts listen, and damaged', async () => {
    const data = temporaryFolder()
    const facts = { url: 'http://127.0.0.1:1', temporalAddress: '127.0.0.1:2' }
    await writeRuntimeFacts(data, facts)
    expect(await readRuntimeFacts(data)).toEqual(facts)
    await writeFile(join(data, 'running.json'), '{"url": "http://127')
    expect(await readRuntimeFacts(data)).toBeUndefined()
  })
})
