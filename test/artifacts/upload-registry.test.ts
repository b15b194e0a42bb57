import { randomUUID } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openFolderStore, openUploadRegistry } from '../../artifacts/index.ts'
import type { Sha256Digest, UserId } from '../../domain/index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const hour = 60 * 60 * 1000
const alice = randomUUID() as UserId
const bob = randomUUID() as UserId
const facts = { userId: alice, fileName: 'setup.exe', sha256: 'ab'.repeat(32) as Sha256Digest, size: 17 }

async function openRegistry() {
  const folder = temporaryFolder()
  const store = await openFolderStore({ path: join(folder, 'store'), maximumSize: 100 })
  onTestFinished(() => store.close())
  const clock = { now: new Date('2026-03-01T12:00:00Z') }
  const path = join(folder, 'uploads')
  const registry = await openUploadRegistry({ path, store, now: () => clock.now })
  return { registry, clock, path, reopen: () => openUploadRegistry({ path, store, now: () => clock.now }) }
}

describe('upload registry', () => {
  it('gives the uploader back what was registered, also after a restart', async () => {
    const { registry, reopen } = await openRegistry()
    const upload = await registry.register(facts)
    expect(upload).toMatchObject({ ...facts, expiresAt: '2026-03-02T12:00:00.000Z' })
    expect(await registry.find(upload.uploadId, alice)).toEqual(upload)
    expect(await (await reopen()).find(upload.uploadId.toUpperCase(), alice)).toEqual(upload)
  })

  it('answers the same to a foreign, unknown, malformed or expired id', async () => {
    const { registry, clock, path } = await openRegistry()
    const { uploadId } = await registry.register(facts)
    writeFileSync(join(path, '..', 'secret.json'), JSON.stringify({ ...facts, uploadId, expiresAt: '2027-01-01' }))
    const refusal = async (id: string, user: UserId) => {
      const error = await registry.find(id, user).catch((caught: unknown) => caught)
      return error as { code: string; message: string }
    }
    const answers = [
      await refusal(uploadId, bob),
      await refusal(randomUUID(), alice),
      await refusal('../secret', alice),
      await refusal('', alice),
    ]
    clock.now = new Date(clock.now.getTime() + 24 * hour)
    answers.push(await refusal(uploadId, alice))
    for (const { code, message } of answers) {
      expect(code).toBe('UPLOAD_NOT_FOUND')
      expect(message).toBe(answers[0]?.message)
    }
  })

  it('lasts until a day has passed, and is forgotten then', async () => {
    const { registry, clock, path } = await openRegistry()
    const early = await registry.register(facts)
    clock.now = new Date(clock.now.getTime() + hour)
    const late = await registry.register(facts)
    clock.now = new Date(clock.now.getTime() + 23 * hour - 1)
    expect((await registry.find(early.uploadId, alice)).uploadId).toBe(early.uploadId)
    expect(await registry.expire()).toBe(0)
    clock.now = new Date(clock.now.getTime() + 1)
    expect(await registry.expire()).toBe(1)
    expect(readdirSync(path)).toEqual([`${late.uploadId}.json`])
  })

  it('takes a damaged record for an absent one', async () => {
    const { registry, path } = await openRegistry()
    const { uploadId } = await registry.register(facts)
    writeFileSync(join(path, `${uploadId}.json`), '{"uploadId":')
    await expect(registry.find(uploadId, alice)).rejects.toMatchObject({ code: 'UPLOAD_NOT_FOUND' })
    expect(await registry.expire()).toBe(1)
  })
})
