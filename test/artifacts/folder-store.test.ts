import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { type ArtifactStore, openFolderStore } from '../../artifacts/index.ts'
import type { Sha256Digest } from '../../domain/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const child = join(import.meta.dirname, '../support/artifact-store-child.ts')

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex') as Sha256Digest

async function* stream(...chunks: readonly Uint8Array[]) {
  yield* chunks
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

/** Every file below a folder, by its path in it. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

async function openStore(path: string, maximumSize = 10_000_000): Promise<ArtifactStore> {
  const store = await openFolderStore({ path, maximumSize })
  onTestFinished(() => store.close())
  return store
}

describe('put', () => {
  it('stores bytes under their SHA-256, whatever the sizes of the chunks', async () => {
    const store = await openStore(temporaryFolder())
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 50 }),
            fc.nat(700_000).map((length) => new Uint8Array(randomBytes(length))),
          ),
          { maxLength: 6 },
        ),
        async (chunks) => {
          const bytes = Buffer.concat(chunks)
          const identity = await store.put(stream(...chunks))
          expect(identity).toEqual({ sha256: sha256(bytes), size: bytes.length })
          const stored = await store.open(identity.sha256)
          expect(stored.size).toBe(bytes.length)
          expect((await collect(stored.read())).equals(bytes)).toBe(true)
          await store.verify(identity.sha256)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('keeps what is stored read-only, in folders of two levels, and nothing beside it', async () => {
    const folder = temporaryFolder()
    const store = await openStore(folder)
    const { sha256: name } = await store.put(stream(Buffer.from('abc')))
    const path = `sha256/${name.slice(0, 2)}/${name.slice(2, 4)}/${name}`
    expect(filesIn(folder)).toEqual([path])
    expect(statSync(join(folder, path)).mode & 0o777).toBe(0o400)
  })

  it('hashes what it writes even if the producer uses one buffer for all its chunks', async () => {
    const store = await openStore(temporaryFolder())
    async function* reused() {
      const buffer = new Uint8Array(1000)
      for (let i = 0; i < 1000; i++) yield buffer.fill(i % 256)
    }
    const { sha256: name, size } = await store.put(reused())
    expect(size).toBe(1_000_000)
    await store.verify(name)
  })

  it('takes the same bytes again without writing them again', async () => {
    const folder = temporaryFolder()
    const store = await openStore(folder)
    const first = await store.put(stream(Buffer.from('same')))
    const inode = statSync((await store.open(first.sha256)).path).ino
    expect(await store.put(stream(Buffer.from('sa'), Buffer.from('me')))).toEqual(first)
    expect(statSync((await store.open(first.sha256)).path).ino).toBe(inode)
    expect(filesIn(folder)).toHaveLength(1)
  })

  it('takes many uploads at once, equal ones among them, from several stores on one folder', async () => {
    const folder = temporaryFolder()
    const stores = [await openStore(folder), await openStore(folder), await openStore(folder)]
    const contents = Array.from({ length: 8 }, () => randomBytes(600_000))
    await Promise.all(stores.flatMap((store) => contents.map((bytes) => store.put(stream(bytes)))))
    expect(filesIn(folder)).toHaveLength(contents.length)
    for (const bytes of contents) await stores[0]?.verify(sha256(bytes))
  })

  it('takes exactly the limit and refuses one byte more, naming the limit and leaving nothing', async () => {
    const folder = temporaryFolder()
    const store = await openStore(folder, 1000)
    await store.put(stream(randomBytes(400), randomBytes(600)))
    await expect(store.put(stream(randomBytes(400), randomBytes(601)))).rejects.toMatchObject({
      code: 'ARTIFACT_TOO_LARGE',
      transient: false,
      message: expect.stringContaining('1000 bytes'),
    })
    expect(filesIn(folder)).toHaveLength(1)
  })

  it('refuses an announced size above the limit before it reads a byte', async () => {
    const store = await openStore(temporaryFolder(), 1000)
    let asked = false
    async function* watched() {
      asked = true
      yield randomBytes(1)
    }
    await expect(store.put(watched(), { expectedSize: 1001 })).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE' })
    expect(asked).toBe(false)
  })

  it.each([
    ['another digest', { expectedSha256: sha256(Buffer.from('other')) }],
    ['a larger size', { expectedSize: 4 }],
    ['a smaller size', { expectedSize: 2 }],
  ])('refuses bytes that were announced with %s, leaving nothing', async (_, expected) => {
    const folder = temporaryFolder()
    const store = await openStore(folder)
    await expect(store.put(stream(Buffer.from('abc')), expected)).rejects.toMatchObject({ code: 'ARTIFACT_MISMATCH' })
    expect(filesIn(folder)).toEqual([])
    await store.put(stream(Buffer.from('abc')), { expectedSha256: sha256(Buffer.from('abc')), expectedSize: 3 })
  })

  it('passes on an error of the stream as it is, leaving nothing', async () => {
    const folder = temporaryFolder()
    const store = await openStore(folder)
    const broken = Object.assign(new Error('the client went away'), { code: 'ECONNRESET', errno: -104 })
    async function* failing() {
      yield randomBytes(1_000_000)
      throw broken
    }
    await expect(store.put(failing())).rejects.toBe(broken)
    expect(filesIn(folder)).toEqual([])
  })

  it('ends at once when it is aborted, even while the stream is silent, leaving nothing', async () => {
    const folder = temporaryFolder()
    const store = await openStore(folder)
    const controller = new AbortController()
    async function* silent() {
      yield randomBytes(1_000_000)
      setImmediate(() => controller.abort(new Error('called off')))
      await new Promise(() => {})
    }
    await expect(store.put(silent(), { signal: controller.signal })).rejects.toThrow('called off')
    expect(filesIn(folder)).toEqual([])
    await expect(store.put(stream(), { signal: AbortSignal.abort(new Error('never begun')) })).rejects.toThrow('begun')
  })

  it('ends when the store is closed, leaving no scratch folder', async () => {
    const folder = temporaryFolder()
    const store = await openFolderStore({ path: folder, maximumSize: 1000 })
    async function* silent() {
      yield randomBytes(10)
      await new Promise(() => {})
    }
    const uploading = expect(store.put(silent())).rejects.toMatchObject({ code: 'ARTIFACT_STORE_CLOSED' })
    await store.close()
    await uploading
    expect(readdirSync(join(folder, 'scratch'))).toEqual([])
    await expect(store.put(stream())).rejects.toMatchObject({ code: 'ARTIFACT_STORE_CLOSED' })
  })
})

describe('a process that dies', () => {
  it('leaves an unfinished upload, which the next one to open the folder removes', async () => {
    const folder = temporaryFolder()
    const running = spawn(process.execPath, [child, folder, 'endless'], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void running.kill('SIGKILL'))
    const unfinished = () => filesIn(folder).filter((path) => statSync(join(folder, path)).size > 0)
    await until('the upload has bytes on disk', () => unfinished().length === 1)

    // While it lives, others may open the folder and must let it be.
    await (await openFolderStore({ path: folder, maximumSize: 1 })).close()
    expect(unfinished()).toHaveLength(1)

    running.kill('SIGKILL')
    await once(running, 'exit')
    expect(unfinished()).toHaveLength(1)
    const store = await openStore(folder)
    expect(filesIn(folder)).toEqual([])
    await store.put(stream(Buffer.from('goes on')))
  })
})

describe('the disk', () => {
  const large = `exec "$NODE" "$CHILD" "$FOLDER" large`
  const answer = (command: string, args: readonly string[], folder: string) =>
    JSON.parse(
      execFileSync(command, args, {
        encoding: 'utf8',
        env: { ...process.env, NODE: process.execPath, CHILD: child, FOLDER: folder },
      }),
    )

  it('holds 300 MB that pass through in flat memory', () => {
    const { size, growth } = answer('bash', ['-c', large], temporaryFolder())
    expect(size).toBe(300 * 16 * 64 * 1024)
    expect(growth).toBeLessThan(120 * 1024 * 1024)
  })

  it('that takes no more is a passing failure with its code, and leaves nothing', () => {
    const folder = temporaryFolder()
    expect(answer('bash', ['-c', `ulimit -f 2048; ${large}`], folder)).toEqual({
      code: 'ARTIFACT_STORE_FULL',
      transient: true,
    })
    expect(filesIn(folder)).toEqual([])
  })

  it('that is gone is a passing failure with its code', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    await expect(openFolderStore({ path: join(folder, 'file', 'store'), maximumSize: 1 })).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_UNAVAILABLE',
      transient: true,
    })
  })
})

describe('open', () => {
  it('reads any range, and refuses one that is not within', async () => {
    const store = await openStore(temporaryFolder())
    const bytes = randomBytes(700_000)
    const { sha256: name } = await store.put(stream(bytes))
    const stored = await store.open(name)
    await fc.assert(
      fc.asyncProperty(fc.nat(700_000), fc.nat(700_000), async (a, b) => {
        const range = { start: Math.min(a, b), end: Math.max(a, b) }
        expect((await collect(stored.read(range))).equals(bytes.subarray(range.start, range.end))).toBe(true)
      }),
      { numRuns: 25 },
    )
    for (const [start, end] of [
      [-1, 5],
      [6, 5],
      [0, 700_001],
      [0.5, 5],
      [Number.NaN, 5],
    ] as const)
      await expect(collect(stored.read({ start, end }))).rejects.toMatchObject({ code: 'ARTIFACT_RANGE_INVALID' })
  })

  it('knows what it does not hold', async () => {
    const store = await openStore(temporaryFolder())
    const unknown = sha256(Buffer.from('unknown'))
    expect(await store.has(unknown)).toBe(false)
    await expect(store.open(unknown)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND', transient: false })
    await expect(store.verify(unknown)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' })
  })

  it('never takes a path for a digest', async () => {
    const store = await openStore(temporaryFolder())
    await expect(store.open('../../../../etc/passwd' as Sha256Digest)).rejects.toMatchObject({
      code: 'DIGEST_MALFORMED',
    })
  })

  it('says when a file was cut short while it is read', async () => {
    const store = await openStore(temporaryFolder())
    const { sha256: name } = await store.put(stream(randomBytes(300_000)))
    const stored = await store.open(name)
    chmodSync(stored.path, 0o600)
    truncateSync(stored.path, 1000)
    await expect(collect(stored.read())).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
  })
})

describe('verify', () => {
  it('finds one flipped bit', async () => {
    const store = await openStore(temporaryFolder())
    const { sha256: name } = await store.put(stream(randomBytes(2_000_000)))
    await store.verify(name)
    const { path } = await store.open(name)
    const bytes = readFileSync(path)
    bytes[1_234_567] = (bytes[1_234_567] ?? 0) ^ 1
    chmodSync(path, 0o600)
    writeFileSync(path, bytes)
    await expect(store.verify(name)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT', transient: false })
  })

  it('ends when it is called off', async () => {
    const store = await openStore(temporaryFolder())
    const { sha256: name } = await store.put(stream(randomBytes(3_000_000)))
    const controller = new AbortController()
    const verifying = store.verify(name, { signal: controller.signal })
    controller.abort(new Error('called off'))
    await expect(verifying).rejects.toThrow('called off')
  })
})

describe('scratch', () => {
  it('is removed when its use is over, however it ends', async () => {
    const folder = temporaryFolder()
    const store = await openStore(folder)
    const scratch = await store.withScratch(async (path) => {
      mkdirSync(join(path, 'inner'))
      writeFileSync(join(path, 'inner', 'file'), 'x')
      return path
    })
    expect(() => statSync(scratch)).toThrow('ENOENT')
    const failing = store.withScratch(async (path) => {
      writeFileSync(join(path, 'file'), 'x')
      throw new Error('signing failed')
    })
    await expect(failing).rejects.toThrow('signing failed')
    expect(filesIn(folder)).toEqual([])
  })
})

describe('a finished file', () => {
  const passes = new FilePasses(1)
  afterAll(() => passes.close())

  async function finished(bytes: Uint8Array) {
    const path = join(temporaryFolder(), 'signed.exe')
    writeFileSync(path, bytes)
    const file = await open(path)
    onTestFinished(() => file.close())
    return { path, file }
  }

  it('is copied in, read-only, even above the limit for uploads, and stays where it was', async () => {
    const store = await openStore(temporaryFolder(), 10)
    const bytes = randomBytes(2_500_000)
    const { path, file } = await finished(bytes)
    const identity = await store.copyIn(file, { passes })
    expect(identity).toEqual({ sha256: sha256(bytes), size: bytes.length })
    const stored = await store.open(identity.sha256)
    expect(statSync(stored.path).mode & 0o777).toBe(0o400)
    expect((await collect(stored.read())).equals(bytes)).toBe(true)
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  it('takes the place of what lies under its name, whatever became of that', async () => {
    const folder = temporaryFolder()
    const store = await openStore(folder)
    const bytes = randomBytes(1000)
    const { sha256: name } = await store.put(stream(bytes))
    const { path } = await store.open(name)
    chmodSync(path, 0o600)
    writeFileSync(path, randomBytes(1000))
    const { file } = await finished(bytes)
    await store.copyIn(file, { passes })
    await store.verify(name)
    expect(filesIn(folder)).toHaveLength(1)
  })

  it('leaves nothing when it is called off', async () => {
    const folder = temporaryFolder()
    const store = await openStore(folder)
    const { file } = await finished(randomBytes(1000))
    const signal = AbortSignal.abort(new Error('called off'))
    await expect(store.copyIn(file, { passes, signal })).rejects.toThrow('called off')
    expect(filesIn(folder)).toEqual([])
  })
})
