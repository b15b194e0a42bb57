import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { artifactStorePlace, type DiskPlace, onDisk } from '../store/disk-error.ts'
import { GrowingBuffer } from './growing-buffer.ts'

/** So much is kept in memory; what is longer goes to a file. */
const memorySize = 1024 * 1024

/** Bytes that are written once, in order, and read in parts afterwards. */
export type Spool = {
  /** The bytes are the caller's again when it answers. */
  readonly append: (bytes: Buffer) => Promise<void>
  /** Fills a place with what was appended, from its byte `start` on. */
  readonly readInto: (place: Buffer, start: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** Where spools that are too long for memory have their files. */
export type SpoolFolder = {
  /** A folder where nobody else writes. */
  readonly folder: string
  /** Which folder it is, for errors; the artifact store's by default. */
  readonly place?: DiskPlace
}

/**
 * Lends a spool, which holds up to 1 MiB in memory and more in a file.
 *
 * @throws ArtifactError the codes of the place (`ARTIFACT_STORE_…`, `SIGNER_SCRATCH_…`), transient
 */
export async function withSpool<Result>(
  { folder, place = artifactStorePlace }: SpoolFolder,
  use: (spool: Spool) => Promise<Result>,
): Promise<Result> {
  const spool = new FileSpool(join(folder, randomUUID()), place)
  try {
    return await use(spool)
  } finally {
    await spool.close()
  }
}

class FileSpool implements Spool {
  readonly #path: string
  readonly #place: DiskPlace
  readonly #recent = new GrowingBuffer()
  #file: FileHandle | undefined
  #fileSize = 0

  constructor(path: string, place: DiskPlace) {
    this.#path = path
    this.#place = place
  }

  async append(bytes: Buffer): Promise<void> {
    if (this.#recent.length + bytes.length > memorySize) await this.#flush()
    this.#recent.addBytes(bytes)
  }

  async readInto(place: Buffer, start: number): Promise<void> {
    const end = start + place.length
    if (end > this.#fileSize + this.#recent.length) throw new Error('The spool is shorter than what is asked for.')
    const file = this.#file
    if (file === undefined) {
      this.#recent.bytes.copy(place, 0, start, end)
      return
    }
    if (end > this.#fileSize) await this.#flush()
    for (let filled = 0; filled < place.length; ) {
      const length = place.length - filled
      const { bytesRead } = await this.#onDisk(() => file.read(place, filled, length, start + filled))
      if (bytesRead === 0) throw new Error('The spool is shorter than what was written to it.')
      filled += bytesRead
    }
  }

  async close(): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    await file.close()
    await this.#onDisk(() => rm(this.#path, { force: true }))
  }

  async #flush(): Promise<void> {
    const { bytes } = this.#recent
    await this.#onDisk(async () => {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
      this.#file ??= await open(this.#path, flags, 0o600)
      // Writes all of it, or fails.
      await this.#file.appendFile(bytes)
    })
    this.#fileSize += bytes.length
    this.#recent.clear()
  }

  #onDisk<Result>(work: () => Promise<Result>): Promise<Result> {
    return onDisk('keeping what is unfinished', work, this.#place)
  }
}
