import { parseFileName, type Sha256Digest, type UserId } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { tooLarge } from './receive-file.ts'
import type { Uploader } from './upload-quotas.ts'
import type { Reservation, Upload, UploadRegistry } from './upload-registry.ts'

/** An upload that a request waits for. */
export type AnnouncedBytes = {
  readonly uploadId: string
  readonly sha256: Sha256Digest
  /** Bytes; `null` where the announcement does not say. */
  readonly size: number | null
}

/** Takes artifacts in for later submissions, and those that submissions announced. */
export interface Uploads {
  /**
   * Stores the bytes of a user's artifact and remembers whose they are. Room is made for them before the first is read: for
   * all, where their number is known, else step by step.
   *
   * @throws Refusal `FILE_NAME_MALFORMED`, ArtifactError `UPLOAD_QUOTA_EXCEEDED`, before a byte is read where it can be
   *   known then; ArtifactError as `ArtifactStore.put` does
   */
  receive(
    input: Uploader & {
      readonly fileName: string
      /** Bytes that are announced; `undefined` when nobody says. */
      readonly size?: number | undefined
      readonly bytes: AsyncIterable<Uint8Array>
      /** What was announced: the id under which it is found, and what its bytes must be. */
      readonly announced?: AnnouncedBytes
    },
  ): Promise<Upload>
  /**
   * Says whether so many bytes of a user would be taken now; of an unknown number, whether a beginning would.
   *
   * @throws ArtifactError `UPLOAD_EMPTY`, `ARTIFACT_TOO_LARGE`, `UPLOAD_QUOTA_EXCEEDED`
   */
  admit(input: Uploader & { readonly size: number | undefined }): Promise<void>
  /** The user's upload of this id. @throws ArtifactError `UPLOAD_NOT_FOUND` */
  find(uploadId: string, userId: UserId): Promise<Upload>
  /** Notes that a request names the upload: it counts for no quota any more. */
  submitted(uploadId: string): Promise<void>
  /** Gives up a user's upload that no request names; its bytes go with the collection of artifacts. */
  discard(uploadId: string, userId: UserId): Promise<void>
}

/** How many bytes room is made for at first, and beforehand at the most, when nobody said how many come. */
const [firstStep, largestStep] = [64 * 1024, 16 * 1024 ** 2]
/** After how long an upload under way says that it goes on, in milliseconds. */
const renewal = 60_000

/** Puts a store and a registry together: what is remembered is in the store already. */
export function createUploads(options: {
  readonly store: Pick<ArtifactStore, 'put' | 'maximumSize'>
  readonly registry: Pick<UploadRegistry, 'reserve' | 'check' | 'find' | 'submitted' | 'discard'>
  /** The most bytes of an upload; what the store takes, by default. */
  readonly maximumSize?: number
}): Uploads {
  const { store, registry, maximumSize = store.maximumSize } = options

  function checkSize(size: number): void {
    if (size === 0) throw new ArtifactError('UPLOAD_EMPTY', 'The file has no bytes: there is nothing in it to sign.')
    if (size > maximumSize) throw tooLarge(maximumSize)
  }

  return {
    async receive({ organizationId, userId, fileName, size: said, bytes, announced }) {
      const name = parseFileName(fileName)
      if (said !== undefined) checkSize(said)
      const first = said ?? firstStep
      const reservation = await registry.reserve({ organizationId, userId }, first)
      try {
        const expected = announced && { expectedSha256: announced.sha256, expectedSize: announced.size ?? undefined }
        const { sha256, size } = await store.put(accounted(bytes, reservation, first, maximumSize), expected)
        return await reservation.keep({ fileName: name, sha256, size }, announced?.uploadId)
      } finally {
        // What cannot be given back now lapses by itself; the caller is given the failure before.
        await reservation.release().catch(() => undefined)
      }
    },
    async admit({ organizationId, userId, size }) {
      if (size !== undefined) checkSize(size)
      await registry.check({ organizationId, userId }, size ?? 1)
    },
    find: (uploadId, userId) => registry.find(uploadId, userId),
    submitted: (uploadId) => registry.submitted(uploadId),
    discard: (uploadId, userId) => registry.discard(uploadId, userId),
  }
}

/** Passes bytes on, each only when there is room for it, and no more than there may be. */
async function* accounted(
  bytes: AsyncIterable<Uint8Array>,
  reservation: Reservation,
  first: number,
  maximumSize: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let [reserved, seen, renewed] = [first, 0, performance.now()]
  for await (const chunk of bytes) {
    seen += chunk.byteLength
    if (seen > maximumSize) throw tooLarge(maximumSize)
    if (seen > reserved || performance.now() - renewed > renewal) {
      if (seen > reserved) reserved = await grown(reservation, seen)
      else await reservation.grow(reserved)
      renewed = performance.now()
    }
    yield chunk
  }
}

/** Makes room for more than is needed at once, so that it is seldom asked for; near the quota for what is needed. */
async function grown(reservation: Reservation, needed: number): Promise<number> {
  const wanted = Math.min(2 * needed, needed + largestStep)
  try {
    await reservation.grow(wanted)
    return wanted
  } catch (error) {
    if (!(error instanceof ArtifactError) || error.transient) throw error
    await reservation.grow(needed)
    return needed
  }
}
