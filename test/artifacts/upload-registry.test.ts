import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createUploads, openFolderStore, openUploadRegistry, type UploadQuotas } from '../../artifacts/index.ts'
import type { OrganizationId, Sha256Digest, UserId } from '../../domain/index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const hour = 60 * 60 * 1000
const mebibyte = 1024 ** 2
const organizationId = randomUUID() as OrganizationId
const alice = { organizationId, userId: randomUUID() as UserId }
const bob = { organizationId, userId: randomUUID() as UserId }
const elsewhere = { organizationId: randomUUID() as OrganizationId, userId: randomUUID() as UserId }
const facts = { fileName: 'setup.exe', sha256: 'ab'.repeat(32) as Sha256Digest, size: 17 }

async function openRegistry(quotas: UploadQuotas = {}) {
  const path = join(temporaryFolder(), 'uploads')
  const clock = { now: new Date('2026-03-01T12:00:00Z') }
  async function open() {
    const registry = await openUploadRegistry({ path, now: () => clock.now, quotas })
    onTestFinished(() => registry.close())
    return registry
  }
  const registry = await open()
  return { registry, clock, open }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: { code: string }) => error.code,
  )
}

describe('upload registry', () => {
  it('gives the uploader back what was registered, in other processes too', async () => {
    const { registry, open } = await openRegistry()
    const upload = await (await registry.reserve(alice, 17)).keep(facts)
    expect(upload).toEqual({
      ...facts,
      uploadId: upload.uploadId,
      userId: alice.userId,
      expiresAt: '2026-03-02T12:00:00.000Z',
    })
    expect(await registry.find(upload.uploadId, alice.userId)).toEqual(upload)
    expect(await (await open()).find(upload.uploadId.toUpperCase(), alice.userId)).toEqual(upload)
  })

  it('answers the same to a foreign, unknown, malformed, unfinished or expired id', async () => {
    const { registry, clock } = await openRegistry()
    const { uploadId } = await (await registry.reserve(alice, 17)).keep(facts)
    const refusal = async (id: string, { userId }: typeof alice) => {
      const error = await registry.find(id, userId).catch((caught: unknown) => caught)
      return error as { code: string; message: string }
    }
    const answers = [
      await refusal(uploadId, bob),
      await refusal(randomUUID(), alice),
      await refusal("' OR 1 = 1 --", alice),
      await refusal('', alice),
    ]
    clock.now = new Date(clock.now.getTime() + 24 * hour)
    answers.push(await refusal(uploadId, alice))
    for (const { code, message } of answers) {
      expect(code).toBe('UPLOAD_NOT_FOUND')
      expect(message).toBe(answers[0]?.message)
    }
  })

  it('names the bytes of an upload until it expires, and forgets it then', async () => {
    const { registry, clock } = await openRegistry()
    await (await registry.reserve(alice, 17)).keep(facts)
    const other = 'cd'.repeat(32) as Sha256Digest
    clock.now = new Date(clock.now.getTime() + 24 * hour - 1)
    expect(await registry.expire()).toBe(0)
    expect([...(await registry.named([other, facts.sha256]))]).toEqual([facts.sha256])
    clock.now = new Date(clock.now.getTime() + 1)
    expect([...(await registry.named([facts.sha256]))]).toEqual([])
    expect(await registry.expire()).toBe(1)
    expect(await registry.expire()).toBe(0)
  })
})

describe('quotas of uploads', () => {
  it('hold for a user and for an organization, and count what no request names', async () => {
    const { registry } = await openRegistry({ user: 10 * mebibyte, organization: 15 * mebibyte })
    const first = await (await registry.reserve(alice, 6 * mebibyte)).keep({ ...facts, size: 6 * mebibyte })
    const refused = await registry.reserve(alice, 5 * mebibyte).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'UPLOAD_QUOTA_EXCEEDED', transient: false })
    expect((refused as Error).message).toContain('2026-03-02T12:00:00.000Z')
    expect(await codeOf(registry.check(alice, 5 * mebibyte))).toBe('UPLOAD_QUOTA_EXCEEDED')
    await (await registry.reserve(bob, 8 * mebibyte)).keep({ ...facts, size: 8 * mebibyte })
    expect(await codeOf(registry.reserve(bob, 2 * mebibyte))).toBe('UPLOAD_QUOTA_EXCEEDED')
    expect(await codeOf(registry.reserve(elsewhere, 10 * mebibyte))).toBe('done')
    await registry.submitted(first.uploadId)
    expect(await codeOf(registry.reserve(alice, 5 * mebibyte))).toBe('done')
    expect(await codeOf(registry.reserve(alice, 11 * mebibyte))).toBe('ARTIFACT_TOO_LARGE')
  })

  it('limit the number of the smallest uploads, too', async () => {
    const { registry } = await openRegistry({ user: mebibyte })
    const outcomes = []
    for (let made = 0; made < 17; made++)
      outcomes.push(await codeOf(registry.reserve(alice, 1).then((each) => each.keep({ ...facts, size: 1 }))))
    expect(outcomes).toEqual([...Array(16).fill('done'), 'UPLOAD_QUOTA_EXCEEDED'])
  })

  it('let through what fits and no more, however many ask at once in several processes', async () => {
    const { open } = await openRegistry({ user: 10 * mebibyte })
    const registries = await Promise.all([open(), open(), open(), open()])
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        codeOf((registries[index % 4] as (typeof registries)[0]).reserve(alice, mebibyte)),
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(10)
    expect(new Set(outcomes)).toEqual(new Set(['done', 'UPLOAD_QUOTA_EXCEEDED']))
  })

  it('get the room of an upload back that is given up, and of one whose process died', async () => {
    const { registry, clock, open } = await openRegistry({ user: 10 * mebibyte })
    const given = await registry.reserve(alice, 10 * mebibyte)
    await given.release()
    const alive = await registry.reserve(alice, 6 * mebibyte)
    // What a process that is killed leaves behind.
    const dying = await open()
    await dying.reserve(alice, 4 * mebibyte)
    expect(await codeOf(registry.reserve(alice, mebibyte))).toBe('UPLOAD_QUOTA_EXCEEDED')
    clock.now = new Date(clock.now.getTime() + 9 * 60_000)
    await alive.grow(6 * mebibyte)
    clock.now = new Date(clock.now.getTime() + 60_000)
    expect(await codeOf(registry.reserve(alice, 4 * mebibyte))).toBe('done')
    expect(await codeOf(alive.grow(7 * mebibyte))).toBe('UPLOAD_QUOTA_EXCEEDED')
    expect(await registry.expire()).toBe(1)
  })

  it('end an upload of unknown size where they are reached, and nothing of it stays', async () => {
    const { registry } = await openRegistry({ user: 40 * mebibyte })
    const store = await openFolderStore({ path: temporaryFolder(), maximumSize: 1024 * mebibyte })
    onTestFinished(() => store.close())
    const uploads = createUploads({ store, registry })
    await registry.reserve(bob, mebibyte)
    const other = await registry.reserve(alice, 20 * mebibyte)
    let sent = 0
    async function* endless() {
      for (; sent < 100; sent++) yield Buffer.alloc(mebibyte, sent)
    }
    const input = { ...alice, fileName: 'setup.exe', bytes: endless() }
    expect(await codeOf(uploads.receive(input))).toBe('UPLOAD_QUOTA_EXCEEDED')
    expect(sent).toBe(20)
    await other.release()
    expect(await codeOf(registry.reserve(alice, 40 * mebibyte))).toBe('done')
  })

  it('refuse an announced upload before its first byte', async () => {
    const { registry } = await openRegistry({ user: 40 * mebibyte })
    const store = await openFolderStore({ path: temporaryFolder(), maximumSize: 1024 * mebibyte })
    onTestFinished(() => store.close())
    const uploads = createUploads({ store, registry })
    await registry.reserve(alice, 30 * mebibyte)
    let asked = false
    async function* bytes() {
      asked = true
      yield Buffer.alloc(1)
    }
    const input = { ...alice, fileName: 'setup.exe', size: 11 * mebibyte, bytes: bytes() }
    expect(await codeOf(uploads.receive(input))).toBe('UPLOAD_QUOTA_EXCEEDED')
    expect(asked).toBe(false)
  })
})
