import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { type Instant, parseId, type Sha256Digest, type UserId } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import { onDisk } from './disk-error.ts'
import { openSharedDatabase } from './shared-database.ts'
import { checkQuotas, type Uploader, type UploadQuotas } from './upload-quotas.ts'

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

/** Room for an upload that is under way. It lapses when it was not enlarged for ten minutes: then its process has ended. */
export type Reservation = {
  /** Makes room for so many bytes in all, and says that the upload goes on. @throws ArtifactError as `reserve` */
  grow(bytes: number): Promise<void>
  /**
   * Makes it an upload: its bytes are in the store.
   *
   * @param uploadId under which id, where it is not its own: the upload that has it already is replaced
   */
  keep(facts: Pick<Upload, 'fileName' | 'sha256' | 'size'>, uploadId?: string): Promise<Upload>
  /** Gives the room back, unless it was kept. */
  release(): Promise<void>
}

/** Remembers who uploaded what, until it has not been submitted for long, and how much room uploads take. */
export interface UploadRegistry {
  /**
   * Makes room for an upload, in all processes at once.
   *
   * @throws ArtifactError `UPLOAD_QUOTA_EXCEEDED` when user or organization have too much that no request names;
   *   `ARTIFACT_TOO_LARGE` when it alone is larger than a quota
   */
  reserve(uploader: Uploader, bytes: number): Promise<Reservation>

  /** Says whether `reserve` would make room now. @throws ArtifactError as `reserve` */
  check(uploader: Uploader, bytes: number): Promise<void>

  /**
   * Finds an upload of this user. An upload may be submitted more than once while it lasts.
   *
   * @throws ArtifactError `UPLOAD_NOT_FOUND` for an id that is unknown, expired, malformed or another user's: the same
   *   answer for all, so that it reveals nothing of other people's uploads
   */
  find(uploadId: string, userId: UserId): Promise<Upload>

  /** Notes that a request names the upload's bytes: they count for no quota from then on. */
  submitted(uploadId: string): Promise<void>

  /** Forgets an upload of this user that no request names. */
  discard(uploadId: string, userId: UserId): Promise<void>

  /** The digests of a list that an upload names which has not expired. */
  named(digests: readonly Sha256Digest[]): Promise<ReadonlySet<Sha256Digest>>

  /**
   * Removes the uploads that have expired, and reservations of processes that ended; `find` does not know them before
   * either. Their bytes go with the collection of artifacts, unless something else names them.
   *
   * @returns how many were removed
   */
  expire(): Promise<number>

  /** Releases the database. */
  close(): void
}

/** How long a reservation lasts that does not grow, in milliseconds. */
const reservationLifetime = 10 * 60_000

const schema = `
  CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    submitted INTEGER NOT NULL,
    file_name TEXT,
    sha256 TEXT,
    expires_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS uploads_of_user ON uploads (organization_id, submitted, user_id);
  CREATE INDEX IF NOT EXISTS uploads_by_digest ON uploads (sha256);
  CREATE INDEX IF NOT EXISTS uploads_by_expiry ON uploads (expires_at);
`

type Row = {
  readonly id: string
  readonly user_id: string
  readonly bytes: number
  readonly file_name: string
  readonly sha256: string
  readonly expires_at: string
}

/**
 * Opens the registry in a folder, which is made when it is not there: one small database. Any number of processes may use
 * it at once; quotas are of all of them together.
 *
 * @param options.path the folder, on a file system that knows locks
 * @param options.now the clock
 * @param options.lifetimeMs how long an upload can be submitted
 * @throws ArtifactError `ARTIFACT_STORE_UNAVAILABLE`, `ARTIFACT_STORE_FULL`; so do the registry's methods
 */
export async function openUploadRegistry(options: {
  readonly path: string
  readonly now: () => Date
  readonly lifetimeMs?: number
  readonly quotas?: UploadQuotas
}): Promise<UploadRegistry> {
  const { path, now, lifetimeMs = 24 * 60 * 60_000, quotas = {} } = options
  await onDisk('making the folder of the uploads', () => mkdir(path, { recursive: true, mode: 0o700 }))
  const { transact, close } = await openSharedDatabase(join(path, 'uploads.db'), schema)
  const later = (milliseconds: number) => new Date(now().getTime() + milliseconds).toISOString()

  function put(database: DatabaseSync, id: string, uploader: Uploader, bytes: number): void {
    const at = now().toISOString()
    checkQuotas({ database, at, except: id, uploader, bytes, quotas })
    const { organizationId, userId } = uploader
    database
      .prepare(
        `INSERT INTO uploads (id, organization_id, user_id, bytes, submitted, expires_at) VALUES (?, ?, ?, ?, 0, ?)
         ON CONFLICT (id) DO UPDATE SET bytes = excluded.bytes, expires_at = excluded.expires_at`,
      )
      .run(id, organizationId, userId, bytes, later(reservationLifetime))
  }

  return {
    async reserve(uploader, bytes) {
      const id = randomUUID()
      await transact((database) => put(database, id, uploader, bytes))
      let kept = false
      return {
        grow: (total) => transact((database) => put(database, id, uploader, total)),
        async keep({ fileName, sha256, size }, uploadId = id) {
          const expiresAt = later(lifetimeMs)
          const { organizationId, userId } = uploader
          await transact((database) => {
            if (uploadId !== id) database.prepare('DELETE FROM uploads WHERE id = ?').run(id)
            database
              .prepare(
                `INSERT OR REPLACE INTO uploads (id, organization_id, user_id, bytes, submitted, file_name, sha256, expires_at)
                 VALUES (?, ?, ?, ?, 0, ?, ?, ?)`,
              )
              .run(uploadId, organizationId, userId, size, fileName, sha256, expiresAt)
          })
          kept = true
          return { uploadId, userId, fileName, sha256, size, expiresAt }
        },
        async release() {
          if (!kept) await transact((database) => database.prepare('DELETE FROM uploads WHERE id = ?').run(id))
        },
      }
    },

    check: (uploader, bytes) =>
      transact((database) => checkQuotas({ database, at: now().toISOString(), except: '', uploader, bytes, quotas })),

    async find(uploadId, userId) {
      const row = (await transact((database) =>
        database
          .prepare('SELECT * FROM uploads WHERE id = ? AND user_id = ? AND sha256 IS NOT NULL AND expires_at > ?')
          .get(uploadId.toLowerCase(), userId, now().toISOString()),
      )) as Row | undefined
      if (row === undefined)
        throw new ArtifactError(
          'UPLOAD_NOT_FOUND',
          `You have no upload of this id. Uploads can be submitted for ${lifetimeMs / 3_600_000} hours; upload the artifact again.`,
        )
      return asUpload(row)
    },

    async submitted(uploadId) {
      await transact((database) =>
        // What is noted already changes no row: then the disk is not waited for.
        database.prepare('UPDATE uploads SET submitted = 1 WHERE id = ? AND submitted = 0').run(uploadId.toLowerCase()),
      )
    },

    async discard(uploadId, userId) {
      await transact((database) =>
        database
          .prepare('DELETE FROM uploads WHERE id = ? AND user_id = ? AND submitted = 0')
          .run(uploadId.toLowerCase(), userId),
      )
    },

    named: (digests) =>
      transact((database) => {
        const query = database.prepare('SELECT 1 FROM uploads WHERE sha256 = ? AND expires_at > ? LIMIT 1')
        const at = now().toISOString()
        return new Set(digests.filter((digest) => query.get(digest, at) !== undefined))
      }),

    expire: () =>
      transact((database) =>
        Number(database.prepare('DELETE FROM uploads WHERE expires_at <= ?').run(now().toISOString()).changes),
      ),

    close,
  }
}

function asUpload({ id, user_id, file_name, sha256, bytes, expires_at }: Row): Upload {
  return {
    uploadId: id,
    userId: parseId<UserId>(user_id, 'userId'),
    fileName: file_name,
    sha256: sha256 as Sha256Digest,
    size: bytes,
    expiresAt: expires_at,
  }
}
