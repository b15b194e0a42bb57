import { z } from 'zod'
import type { ArtifactStore, Uploads } from '../artifacts/index.ts'
import { type UploadedFile, uploadedFile } from '../domain/index.ts'
import { detailForms } from './forms.ts'
import type { SourceKind } from './source-kind.ts'
import { promised, read } from './submitted.ts'

const form = z.object({ uploadId: z.string() })

/**
 * A file that its submitter uploaded before: submitted as `{ kind: 'uploadedFile', uploadId }`.
 *
 * @throws ArtifactError `UPLOAD_NOT_FOUND`; when it is retrieved `ARTIFACT_NOT_FOUND`, `ARTIFACT_STORE_UNAVAILABLE`
 */
export function uploadedFileSource(dependencies: {
  readonly store: Pick<ArtifactStore, 'open'>
  readonly uploads: Pick<Uploads, 'find' | 'submitted'>
}): SourceKind<UploadedFile> {
  const { store, uploads } = dependencies
  return {
    kind: 'uploadedFile',
    details: detailForms.uploadedFile,
    async check(submitted, { userId }) {
      return uploadedFile(await uploads.find(read(form, submitted).uploadId, userId))
    },
    accepted: (submitted) => uploads.submitted(read(form, submitted).uploadId),
    // Planning reads and hashes every byte of it; this only looks.
    async retrieve(source) {
      const { fileName, sha256 } = promised(source)
      const { size } = await store.open(sha256)
      return { fileName, sha256, size }
    },
    describe: () => ({}),
  }
}
