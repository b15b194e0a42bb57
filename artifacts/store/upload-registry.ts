import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Instant, parseId, parseSha256Digest, type Sha256Digest, type UserId } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { errnoOf, onDisk } from './disk-error.ts'

/** An artifact that a user uploaded and may submit. */
export type Upload = {
  readonly uploadId: string
  readonly userId: UserId
  readonly fileName: string
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
  readonly expiresAt: Instant
}

/** Remembers who uploaded what, until it is submitted or a day has passed. */
export interface UploadRegistry {
  /** Remembers an upload whose bytes are in the store. The answered id is a random UUID and means nothing to others. */
  register(upload: Omit<Upload, 'uploadId' | 'expiresAt'>): Promise<Upload>

  /**
   * Finds an upload of this user. An upload may be submitted more than once while it lasts.
   *
   * @throws ArtifactError `UPLOAD_NOT_FOUND` for an id that is unknown, expired, malformed or another user's: the same
   *   answer for all, so that it tells nothing of other people's uploads
   */
  find(uploadId: string, userId: UserId): Promise<Upload>

  /**
   * Forgets the uploads that have expired; `find` does not know them before either. The bytes stay in the artifact store:
   * they are named by their content, so a signing request, or an upload of the same bytes, may depend on them.
   *
   * @returns how many were forgotten
   */
  expire(): Promise<number>
}

const lifetime = 24 * 60 * 60 * 1000

const uploadSchema = z.strictObject({
  uploadId: z.uuid(),
  userId: z.string().transform((text) => parseId<UserId>(text, 'userId')),
  fileName: z.string(),
  sha256: z.string().transform((text) => parseSha256Digest(text, 'sha256')),
  size: z.int().nonnegative(),
  expiresAt: z.iso.datetime(),
})

/**
 * Opens the registry in a folder, which is made when it is not there: one small JSON file an upload, written whole or
 * not at all. Any number of processes may use it at once.
 *
 * @param options.path the folder, on the file system of the store
 * @param options.store where unfinished files are made
 * @param options.now the clock
 * @throws ArtifactError `ARTIFACT_STORE_UNAVAILABLE`, `ARTIFACT_STORE_FULL`; so do the registry's methods
 */
export async function openUploadRegistry(options: {
  readonly path: string
  readonly store: Pick<ArtifactStore, 'withScratch'>
  readonly now: () => Date
}): Promise<UploadRegistry> {
  const { path, store, now } = options
  await onDisk('making the folder of the uploads', () => mkdir(path, { recursive: true, mode: 0o700 }))
  const fileOf = (uploadId: string) => join(path, `${uploadId}.json`)

  async function find(uploadId: string): Promise<Upload | undefined> {
    if (!z.uuid().safeParse(uploadId).success) return undefined
    const upload = await readUpload(fileOf(uploadId.toLowerCase()))
    return upload === undefined || upload.expiresAt <= now().toISOString() ? undefined : upload
  }

  return {
    async register(facts) {
      const { userId, fileName, sha256, size } = facts
      const expiresAt = new Date(now().getTime() + lifetime).toISOString()
      const upload: Upload = { uploadId: randomUUID(), userId, fileName, sha256, size, expiresAt }
      await store.withScratch((folder) =>
        onDisk('registering an upload', () => writeWhole(join(folder, 'upload'), fileOf(upload.uploadId), upload)),
      )
      return upload
    },

    async find(uploadId, userId) {
      const upload = await find(uploadId)
      if (upload === undefined || upload.userId !== userId)
        throw new ArtifactError(
          'UPLOAD_NOT_FOUND',
          'You have no upload of this id. Uploads can be submitted for 24 hours; upload the artifact again.',
        )
      return upload
    },

    async expire() {
      const names = await onDisk('looking for expired uploads', () => readdir(path))
      let forgotten = 0
      for (const name of names.filter((each) => each.endsWith('.json'))) {
        if ((await find(name.slice(0, -'.json'.length))) !== undefined) continue
        await onDisk('forgetting an upload', () => rm(join(path, name), { force: true }))
        forgotten += 1
      }
      return forgotten
    },
  }
}

/** Lost or damaged files read as absent: the user uploads again, and nothing else depends on them. */
async function readUpload(file: string): Promise<Upload | undefined> {
  try {
    return uploadSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === undefined || errno === 'ENOENT') return undefined
    return onDisk('reading an upload', () => Promise.reject(error))
  }
}

async function writeWhole(temporary: string, path: string, upload: Upload): Promise<void> {
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(JSON.stringify(upload))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}
