import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ArtifactStore, createVerifiedReader, openFolderStore } from '../../artifacts/index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// Somebody can write to the folder of the store, and puts something else in the place of an artifact.

async function openStore(): Promise<ArtifactStore> {
  const store = await openFolderStore({ path: temporaryFolder(), maximumSize: 10_000_000 })
  onTestFinished(() => store.close())
  return store
}

async function* stream(bytes: Uint8Array) {
  yield bytes
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

describe('in the place of an artifact', () => {
  it('a link is not followed, to whatever it leads', async () => {
    const store = await openStore()
    const bytes = randomBytes(1000)
    const { sha256 } = await store.put(stream(bytes))
    const stored = await store.open(sha256)
    const elsewhere = join(temporaryFolder(), 'secret')
    renameSync(stored.path, elsewhere)
    symlinkSync(elsewhere, stored.path)
    await expect(collect(stored.read())).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' })
    await expect(store.open(sha256)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' })
    expect(await store.has(sha256)).toBe(false)
    // Whoever has the bytes can put them there again.
    await store.put(stream(bytes))
    expect(await collect((await store.open(sha256)).read())).toEqual(bytes)
  })

  it('a pipe is not waited for', async () => {
    const store = await openStore()
    const { sha256 } = await store.put(stream(randomBytes(1000)))
    const stored = await store.open(sha256)
    rmSync(stored.path)
    execFileSync('mkfifo', [stored.path])
    await expect(collect(stored.read())).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' })
    expect(await store.has(sha256)).toBe(false)
  })
})

describe('a download', () => {
  const bytes = randomBytes(1_500_000)

  /** A download of which the first chunk was read. */
  async function begun() {
    const store = await openStore()
    const { sha256 } = await store.put(stream(bytes))
    const reader = createVerifiedReader(store)
    const download = reader.read(sha256)[Symbol.asyncIterator]()
    const first = await download.next()
    const rest = async () => {
      const parts: Uint8Array[] = [first.value]
      for (let next = await download.next(); next.done !== true; next = await download.next()) parts.push(next.value)
      return Buffer.concat(parts)
    }
    return { path: (await store.open(sha256)).path, rest, reader, sha256 }
  }

  it('fails before its last bytes when they are changed while it is under way', async () => {
    const { path, rest } = await begun()
    chmodSync(path, 0o600)
    const file = await open(path, 'r+')
    await file.write(Buffer.from('changed'), 0, 7, 1_400_000)
    await file.close()
    await expect(rest()).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
  })

  it('goes on when the file is only held by somebody, or another one takes its place', async () => {
    const { path, rest, reader, sha256 } = await begun()
    utimesSync(path, new Date(), new Date())
    const other = join(temporaryFolder(), 'other')
    writeFileSync(other, randomBytes(bytes.length))
    renameSync(other, path)
    expect((await rest()).equals(bytes)).toBe(true)
    await expect(collect(reader.read(sha256))).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
  })

  it('is of the file that was hashed, and not of one that takes its place after that', async () => {
    const store = await openStore()
    const { sha256 } = await store.put(stream(bytes))
    const { path } = await store.open(sha256)
    const replace = () => {
      const other = join(temporaryFolder(), 'other')
      writeFileSync(other, randomBytes(bytes.length))
      renameSync(other, path)
    }
    // Whatever the reader asks of the store by the file's name comes after the replacement.
    const replacing: Pick<ArtifactStore, 'open' | 'verify'> = {
      open: async (digest) => {
        const stored = await store.open(digest)
        const read: typeof stored.read = (range) => {
          replace()
          return stored.read(range)
        }
        return { ...stored, read }
      },
      verify: (digest) => store.verify(digest),
    }
    const read = await collect(createVerifiedReader(replacing).read(sha256))
    expect(createHash('sha256').update(read).digest('hex')).toBe(sha256)
  })
})
