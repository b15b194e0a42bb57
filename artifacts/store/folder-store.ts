import { type FileHandle, mkdir, open, rename, rm, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseSha256Digest, type Sha256Digest } from '../../domain/index.ts'
import type { FilePasses } from '../../signing/file-passes/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactIdentity, ArtifactStore, HashingOptions, PutOptions, StoredArtifact } from './artifact-store.ts'
import { diskError, onDisk } from './disk-error.ts'
import { verifyFile } from './hash-file.ts'
import { receiveInto } from './receive-file.ts'
import { openScratch, type Scratch } from './scratch.ts'
import { notFound, openStored, readStored, sizeOf } from './stored-file.ts'
import { type Trash, trashOf } from './trash.ts'

const readOnly = 0o400
/** Large uploads leave so many bytes to whatever else is on the disk, the event log for example. */
const leastRoom = 32 * 1024 ** 2

/**
 * Opens an artifact store in a folder, which is made when it is not there. Bytes lie under
 * `sha256/<2 hex>/<2 hex>/<64 hex>`, read-only; `scratch/` holds what is unfinished, and leftovers of processes that
 * died are removed from it now. Any number of processes may have the folder open at once.
 *
 * @param options.path the folder; `sha256/` and `scratch/` must be on one file system that knows locks
 * @param options.maximumSize the most bytes of one upload
 * @throws ArtifactError `ARTIFACT_STORE_UNAVAILABLE`, `ARTIFACT_STORE_FULL`
 */
export async function openFolderStore(options: {
  readonly path: string
  readonly maximumSize: number
}): Promise<ArtifactStore> {
  const path = resolve(options.path)
  await onDisk('making the folder of the artifact store', () =>
    mkdir(join(path, 'sha256'), { recursive: true, mode: 0o700 }),
  )
  return new FolderStore(path, options.maximumSize, await openScratch(join(path, 'scratch')))
}

class FolderStore implements ArtifactStore {
  readonly maximumSize: number
  readonly #path: string
  readonly #scratch: Scratch
  readonly #trash: Trash
  readonly #closing = new AbortController()
  readonly #receiving = new Set<Promise<unknown>>()
  /** At most 65,792 names. */
  readonly #safeFolders = new Set<string>()

  constructor(path: string, maximumSize: number, scratch: Scratch) {
    this.#path = path
    this.maximumSize = maximumSize
    this.#scratch = scratch
    this.#trash = trashOf(path)
  }

  async put(bytes: AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<ArtifactIdentity> {
    this.#requireOpen()
    const closing = this.#closing.signal
    const signal = options.signal === undefined ? closing : AbortSignal.any([options.signal, closing])
    const receiving = this.#receive(bytes, { ...options, signal })
    this.#receiving.add(receiving)
    try {
      return await receiving
    } finally {
      this.#receiving.delete(receiving)
    }
  }

  async copyIn(
    file: FileHandle,
    { passes, ...options }: HashingOptions & { readonly passes: FilePasses },
  ): Promise<ArtifactIdentity> {
    this.#requireOpen()
    return this.#receiveInto(async (output) => {
      const { size } = await onDisk('storing an artifact', () => file.stat())
      const order = { input: file.fd, output: output.fd, end: size, hashed: true, digestion: undefined }
      const { sha256 } = await passes.read(order, options).catch((error: unknown) => {
        throw error instanceof SigningError ? diskError('storing an artifact', error.cause ?? error) : error
      })
      return { identity: { sha256: sha256 as Sha256Digest, size }, replacing: true }
    })
  }

  async has(sha256: Sha256Digest): Promise<boolean> {
    this.#requireOpen()
    return (await this.#sizeOf(sha256)) !== undefined
  }

  async hold(sha256: Sha256Digest): Promise<void> {
    this.#requireOpen()
    const digest = parseSha256Digest(sha256, "The artifact's digest")
    const isHeld = await onDisk('holding an artifact', async () => {
      return (await this.#trash.touch(digest)) || (await this.#trash.restore(digest))
    })
    if (!isHeld) throw notFound(sha256)
  }

  async open(sha256: Sha256Digest): Promise<StoredArtifact> {
    this.#requireOpen()
    const path = this.#pathOf(sha256)
    const size = await this.#sizeOf(sha256)
    if (size === undefined) throw notFound(sha256)
    return { sha256, size, path, read: (range) => readStored({ sha256, path, size }, range) }
  }

  async verify(sha256: Sha256Digest, options: HashingOptions = {}): Promise<void> {
    const stored = await this.open(sha256)
    const file = await openStored(stored)
    try {
      await verifyFile(file, sha256, options)
    } finally {
      await file.close()
    }
  }

  async withScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
    this.#requireOpen()
    return this.#scratch.withFolder(use)
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(closed())
    await Promise.allSettled(this.#receiving)
    await this.#scratch.close()
  }

  #receive(bytes: AsyncIterable<Uint8Array>, options: PutOptions): Promise<ArtifactIdentity> {
    return this.#receiveInto(async (file) => {
      const limits = { maximumSize: this.maximumSize, checkRoom: () => this.#requireRoom() }
      const identity = await receiveInto(file, bytes, { ...options, ...limits })
      return { identity, replacing: false }
    })
  }

  async #receiveInto(
    receive: (file: FileHandle) => Promise<{ readonly identity: ArtifactIdentity; readonly replacing: boolean }>,
  ): Promise<ArtifactIdentity> {
    const path = this.#scratch.newPath()
    const file = await onDisk('storing an artifact', () => open(path, 'wx', readOnly))
    try {
      const { identity, replacing } = await receive(file)
      return await onDisk('storing an artifact', () => this.#keep(path, file, identity, replacing))
    } catch (error) {
      // What cannot be removed now goes with the scratch folder; the caller is given the failure before.
      await rm(path, { force: true }).catch(() => {})
      throw error
    } finally {
      await file.close()
    }
  }

  /** Gives finished bytes their name: file first, then name, then the folders, each safe on disk before the next. */
  async #keep(
    from: string,
    file: FileHandle,
    identity: ArtifactIdentity,
    replacing: boolean,
  ): Promise<ArtifactIdentity> {
    const path = this.#pathOf(identity.sha256)
    const folder = dirname(path)
    // Touched before it is relied on: from then on it is not collected.
    const isThere = !replacing && (await sizeOf(path)) === identity.size && (await this.#trash.touch(identity.sha256))
    if (isThere) {
      // The process that wrote it may have ended before its name was on the disk.
      await rm(from, { force: true })
    } else {
      await file.sync()
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await rename(from, path)
      await this.#trash.touch(identity.sha256)
    }
    await syncFolder(folder)
    await this.#syncNameOf(folder)
    return identity
  }

  /** Makes a folder's name, and those above it, safe on disk: once in the life of this process. */
  async #syncNameOf(folder: string): Promise<void> {
    if (folder === join(this.#path, 'sha256') || this.#safeFolders.has(folder)) return
    await syncFolder(dirname(folder))
    await this.#syncNameOf(dirname(folder))
    this.#safeFolders.add(folder)
  }

  /** Bytes that are asked for are wanted: they are taken back when they were thrown away. */
  async #sizeOf(sha256: Sha256Digest): Promise<number | undefined> {
    const path = this.#pathOf(sha256)
    const size = await sizeOf(path)
    if (size !== undefined) return size
    return (await onDisk('looking for an artifact', () => this.#trash.restore(sha256))) ? sizeOf(path) : undefined
  }

  #pathOf(sha256: Sha256Digest): string {
    return this.#trash.placeOf(parseSha256Digest(sha256, "The artifact's digest"))
  }

  async #requireRoom(): Promise<void> {
    const { bavail, bsize } = await onDisk('looking for room', () => statfs(this.#path))
    if (bavail * bsize < leastRoom)
      throw new ArtifactError(
        'ARTIFACT_STORE_FULL',
        `The artifact store has no room for more: less than ${leastRoom / 1024 ** 2} MiB are left. Free disk space, and try again.`,
        { transient: true },
      )
  }

  #requireOpen(): void {
    if (this.#closing.signal.aborted) throw closed()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function closed(): ArtifactError {
  return new ArtifactError('ARTIFACT_STORE_CLOSED', 'The artifact store is closing.', { transient: true })
}
