import { type ChildProcess, fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type ArtifactStore,
  type CollectionOptions,
  collectArtifacts,
  type NamingLog,
  openFolderStore,
} from '../../artifacts/index.ts'
import type { Sha256Digest } from '../../domain/index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const hour = 3_600_000

/** A store, a log that says what is named, and a collection with a clock of its own. */
async function installation() {
  const path = temporaryFolder()
  const store = await openFolderStore({ path, maximumSize: 1_000_000 })
  onTestFinished(() => store.close())
  const events: { position: string; eventId: string; digests: Sha256Digest[] }[] = []
  const uploads = new Set<Sha256Digest>()
  const clock = { now: Date.now() }
  let reads = 0
  /** Called while the collection reads the log: what happens at that moment in another process. */
  const meanwhile: { reading?: () => Promise<void> } = {}
  const log: NamingLog = {
    async *after(position, maxCount) {
      if (maxCount === undefined) await meanwhile.reading?.()
      const start = position === undefined ? 0 : events.findIndex((event) => event.position === position) + 1
      const found = events.slice(start, maxCount === undefined ? undefined : start + maxCount)
      reads += found.length
      if (found.length > 0) yield found
    },
  }
  function name(...digests: Sha256Digest[]): void {
    const number = String(events.length).padStart(16, '0')
    events.push({ position: number, eventId: `event ${number}`, digests })
  }
  name()
  const options: CollectionOptions = {
    path,
    log,
    uploads: { named: async (digests) => new Set(digests.filter((digest) => uploads.has(digest))) },
    now: () => clock.now,
    holdMs: hour,
    trashMs: 24 * hour,
  }
  return {
    path,
    store,
    events,
    uploads,
    clock,
    meanwhile,
    name,
    options,
    reads: () => reads,
    collect: (changes: Partial<CollectionOptions> = {}) => collectArtifacts({ ...options, ...changes }),
  }
}

async function put(store: ArtifactStore, text: string | Uint8Array = randomBytes(100)): Promise<Sha256Digest> {
  async function* bytes() {
    yield Buffer.from(text)
  }
  return (await store.put(bytes())).sha256
}

const isThere = (path: string, sha256: string) =>
  existsSync(join(path, 'sha256', sha256.slice(0, 2), sha256.slice(2, 4), sha256))
const inTrash = (path: string) => (existsSync(join(path, 'trash')) ? readdirSync(join(path, 'trash')) : [])

describe('a collection of artifacts', () => {
  it('throws away what no event and no upload names, after an hour, and deletes it after its time in the trash', async () => {
    const { path, store, clock, name, uploads, collect } = await installation()
    const [named, uploaded, orphan] = [await put(store), await put(store), await put(store)]
    name(named)
    uploads.add(uploaded)
    expect(await collect()).toEqual({ thrownAway: 0, restored: 0, deleted: 0 })
    // However long storing took: leases are times of the file system.
    clock.now = Date.now() + hour + 1_000
    expect(await collect()).toEqual({ thrownAway: 1, restored: 0, deleted: 0 })
    expect([named, uploaded, orphan].map((sha256) => isThere(path, sha256))).toEqual([true, true, false])
    expect(inTrash(path)).toEqual([orphan])
    clock.now += 24 * hour - 1
    expect(await collect()).toEqual({ thrownAway: 0, restored: 0, deleted: 0 })
    clock.now += 1
    expect(await collect()).toEqual({ thrownAway: 0, restored: 0, deleted: 1 })
    expect(inTrash(path)).toEqual([])
    await expect(store.open(orphan)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' })
  })

  it('gives back from the trash what is asked for, held, or stored again', async () => {
    const { path, store, clock, collect } = await installation()
    const bytes = [randomBytes(100), randomBytes(100), randomBytes(100)] as const
    const digests = await Promise.all(bytes.map((each) => put(store, each)))
    clock.now += 2 * hour
    expect(await collect()).toMatchObject({ thrownAway: 3 })
    const [opened, held, stored] = digests as [Sha256Digest, Sha256Digest, Sha256Digest]
    await store.verify(opened)
    await store.hold(held)
    await put(store, bytes[2])
    for (const sha256 of [opened, held, stored]) expect(isThere(path, sha256)).toBe(true)
    clock.now = Date.now() + hour / 2
    expect(await collect()).toMatchObject({ thrownAway: 0 })
  })

  it('restores what is named although it lies in the trash', async () => {
    const { path, store, clock, name, collect } = await installation()
    const sha256 = await put(store)
    clock.now += 2 * hour
    await collect()
    // Its process was held up for long between holding and appending.
    name(sha256)
    expect(await collect()).toEqual({ thrownAway: 0, restored: 1, deleted: 0 })
    clock.now += 100 * hour
    expect(await collect()).toEqual({ thrownAway: 0, restored: 0, deleted: 0 })
    expect(isThere(path, sha256)).toBe(true)
  })

  it('leaves what is held, and named, while it runs', async () => {
    const { path, store, clock, name, meanwhile, collect } = await installation()
    const [held, named, orphan] = [await put(store), await put(store), await put(store)]
    clock.now += 2 * hour
    // After the files were looked at, and before the log is read: whoever names something has held it before.
    meanwhile.reading = async () => {
      await store.hold(held)
      name(named)
    }
    expect(await collect()).toMatchObject({ thrownAway: 1 })
    expect(isThere(path, held)).toBe(true)
    expect(isThere(path, named)).toBe(true)
    expect(inTrash(path)).toEqual([orphan])
  })

  it('reads each event once, however often it runs, and all again when the log was put back', async () => {
    const { store, events, clock, name, reads, collect } = await installation()
    const digests = await Promise.all(Array.from({ length: 10 }, () => put(store)))
    name(...digests)
    await collect()
    const first = reads()
    for (let run = 0; run < 5; run++) await collect()
    // The first event and the last one say that it is the same log.
    expect(reads() - first).toBe(10)
    // A backup without the last event: what was named by it stays.
    events.pop()
    name()
    name()
    clock.now += 2 * hour
    expect(await collect()).toMatchObject({ thrownAway: 0 })
  })

  it('removes nothing for a log that is empty, or another one than before', async () => {
    const { path, store, events, clock, collect } = await installation()
    const sha256 = await put(store)
    await collect()
    clock.now += 2 * hour
    const [before] = events.splice(0)
    expect(await collect()).toEqual({ thrownAway: 0, restored: 0, deleted: 0 })
    events.push({ position: before?.position ?? '', eventId: 'of another log', digests: [] })
    await expect(collect()).rejects.toMatchObject({ code: 'ARTIFACT_COLLECTION_MISMATCH' })
    expect(isThere(path, sha256)).toBe(true)
  })

  it('runs in one process at a time', async () => {
    const { store, clock, meanwhile, collect } = await installation()
    await put(store)
    clock.now += 2 * hour
    let other: unknown = 'not asked'
    meanwhile.reading = async () => {
      other = await collect()
    }
    expect(await collect()).toMatchObject({ thrownAway: 1 })
    expect(other).toBeUndefined()
  })

  it('loses nothing that is named to collectors that are killed at any moment while others store and name', async () => {
    const { path, store } = await installation()
    const named = new Set<Sha256Digest>()
    const children = new Set<ChildProcess>()
    onTestFinished(() => {
      for (const child of children) child.kill('SIGKILL')
    })
    let collected = 0
    function start(): ChildProcess {
      const child = fork(join(import.meta.dirname, '../support/collector-child.ts'), [path])
      children.add(child)
      child.on('message', (message) => {
        if (typeof message === 'number') collected += message
        // What is named at the moment that the child reads the log.
        else child.send([...named], () => undefined)
      })
      child.on('exit', () => children.delete(child))
      return child
    }
    const pool = Array.from({ length: 40 }, (_, index) => Buffer.from(`program ${index}`))
    let child = start()
    let rounds = 0
    const deadline = Date.now() + 8_000
    while (Date.now() < deadline || (collected === 0 && Date.now() < deadline + 60_000)) {
      const bytes = pool[rounds % pool.length] ?? Buffer.alloc(0)
      const sha256 = createHash('sha256').update(bytes).digest('hex') as Sha256Digest
      if (rounds % 3 === 0) await put(store, bytes)
      else if (
        !(await store.hold(sha256).then(
          () => true,
          () => false,
        ))
      )
        await put(store, bytes)
      // Every other artifact is named by an event right after; the rest is left to the collectors.
      if (rounds % 2 === 0 && rounds > pool.length) named.add(sha256)
      for (const each of named) await store.verify(each)
      rounds++
      // Long ago, as far as the collectors are concerned.
      if (!named.has(sha256) && rounds % 5 === 0) age(path, sha256)
      if (rounds % 20 === 0) {
        child.kill('SIGKILL')
        child = start()
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    for (const each of children) each.kill('SIGKILL')
    await until('the collectors have ended', () => children.size === 0)
    expect(named.size).toBeGreaterThan(5)
    expect(collected).toBeGreaterThan(0)
    for (const sha256 of named) await store.verify(sha256)
  }, 120_000)
})

/** Makes an artifact look as if nobody had touched it for a day; it may be on its way to the trash. */
function age(path: string, sha256: string): void {
  const then = new Date(Date.now() - 24 * hour)
  try {
    utimesSync(join(path, 'sha256', sha256.slice(0, 2), sha256.slice(2, 4), sha256), then, then)
  } catch {
    // A collector was faster.
  }
}
