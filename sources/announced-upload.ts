import { z } from 'zod'
import { ArtifactError, type Uploads } from '../artifacts/index.ts'
import { type AnnouncedUpload, type Instant, parseFileName, parseSha256Digest, Refusal } from '../domain/index.ts'
import { detailForms } from './forms.ts'
import type { SourceKind } from './source-kind.ts'
import { promised, read } from './submitted.ts'

const form = z.object({ fileName: z.string(), sha256: z.string(), size: z.int().min(1).nullish() })

/** The bytes that a submission announced are not there yet. */
class UploadAwaited extends Error {
  readonly code = 'UPLOAD_AWAITED'
  readonly transient = true
  /** Until the limit, in milliseconds: whoever uploads them says so to the request, which looks again then. */
  readonly retryAfterMs: number

  constructor(uploadBefore: Instant, retryAfterMs: number) {
    super(`The artifact that was announced is not uploaded yet. It is waited for until ${uploadBefore}.`)
    this.name = 'UploadAwaited'
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * A file that is uploaded after its submission named it: submitted as `{ kind: 'announcedUpload', fileName, sha256, size? }`. Its
 * upload has the request's own id. That bytes of this digest are in the store is not enough: somebody else may have brought them.
 *
 * @throws when it is checked: Refusal `SOURCE_MALFORMED`, `FILE_NAME_MALFORMED`, `DIGEST_MALFORMED`
 * @throws when it is retrieved: UploadAwaited; Refusal `UPLOAD_OVERDUE`; ArtifactError `ARTIFACT_STORE_UNAVAILABLE`
 */
export function announcedUploadSource(options: {
  readonly uploads: Pick<Uploads, 'find' | 'submitted'>
  /** How long an upload is waited for, in milliseconds. */
  readonly lifetimeMs: number
  readonly now: () => Instant
}): SourceKind<AnnouncedUpload> {
  const { uploads, lifetimeMs, now } = options
  return {
    kind: 'announcedUpload',
    details: detailForms.announcedUpload,

    async check(submitted) {
      const { fileName, sha256, size } = read(form, submitted)
      return {
        kind: 'announcedUpload',
        fileName: parseFileName(fileName),
        sha256: parseSha256Digest(sha256, "The artifact's SHA-256"),
        size: size ?? null,
        isAtHand: false,
        secretsId: null,
        details: { uploadBefore: new Date(Date.parse(now()) + lifetimeMs).toISOString() },
      }
    },

    chosen: () => ({}),

    async retrieve(source, { request: { signingRequestId, submitter } }) {
      const { fileName } = promised(source)
      const { uploadBefore } = source.details
      try {
        const { sha256, size } = await uploads.find(signingRequestId, submitter)
        return { fileName, sha256, size }
      } catch (error) {
        if (!(error instanceof ArtifactError && error.code === 'UPLOAD_NOT_FOUND')) throw error
        const leftMs = Date.parse(uploadBefore) - Date.parse(now())
        if (leftMs > 0) throw new UploadAwaited(uploadBefore, leftMs)
        throw new Refusal('UPLOAD_OVERDUE', `The artifact that was announced was not uploaded by ${uploadBefore}.`)
      }
    },

    retrieved: (_, { signingRequestId }) => uploads.submitted(signingRequestId),

    describe: ({ details: { uploadBefore } }) => ({ 'upload before': uploadBefore }),
  }
}
