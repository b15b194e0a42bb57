import { z } from 'zod'
import { type Application, type Caller, permissionsOfUseCases, type Upload } from '../../application/index.ts'
import { Refusal } from '../../domain/index.ts'
import type { Links } from '../links.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { fastAnswer, fastAtWork } from './sign-hash.ts'
import { choicesOf, type SubmissionFields, submissionFields } from './submission-fields.ts'
import { artifactField, originFiles, originUploads } from './submission-files.ts'
import { submittedAnswer, submittedBody } from './submitted.ts'

/** What a form adds to its files: part headers, boundaries and fields. */
const formOverhead = 2 * 1024 ** 2

/**
 * `POST …/SigningRequests/SubmitWithArtifact`, and the older `POST …/SigningRequests`: a form with the artifact and what is asked
 * for it, in any order. Until the request is made the artifact counts as an upload of the caller, which is given up when it is
 * refused.
 */
export function submissionOperations(options: {
  readonly application: Application
  readonly links: Links
  readonly maximumUploadSize: number
}): readonly Operation[] {
  const { application, links, maximumUploadSize } = options
  const common = {
    method: 'POST',
    access: permissionsOfUseCases.submitSigningRequest,
    tag: 'Signing requests',
    idempotency: 'useCase',
  } as const
  const form = {
    kind: 'fields',
    files: { artifact: artifactField(application), ...originFiles(application) },
    async admit(caller: Caller, { size }: { readonly size: number | undefined }) {
      if (size !== undefined && size > maximumUploadSize + formOverhead)
        throw new Refusal(
          'ARTIFACT_TOO_LARGE',
          `The artifact is larger than the limit of ${maximumUploadSize} bytes for uploads.`,
          { maximumSize: maximumUploadSize },
        )
      await application.admitUpload(caller, { size: undefined })
    },
  } as const

  return [
    operation({
      ...common,
      path: `${organizationPath}/SigningRequests/SubmitWithArtifact`,
      operationId: 'submitWithArtifact',
      summary: 'Submit an artifact',
      body: { ...form, schema: submissionFields },
      answers: { 201: submittedAnswer },
      async handle({ caller, body, files, idempotencyKey }) {
        const { choices, uploadId } = submissionOf(body, files, idempotencyKey)
        const source = { kind: 'uploadedFile', uploadId } as const
        return submittedBody(links, caller, await application.submitSigningRequest(caller, { ...choices, source }))
      },
    }),
    operation({
      ...common,
      path: `${organizationPath}/SigningRequests`,
      operationId: 'submitSigningRequest',
      summary: 'Submit an artifact (the older path)',
      body: { ...form, schema: olderFields },
      answers: {
        200: {
          description: 'The signed artifact itself, of a fast signing request: the document of hashes with signatures.',
          mediaType: 'application/json',
          headers: { Location: 'Where the request is.' },
        },
        201: submittedAnswer,
        202: fastAtWork,
      },
      async handle({ caller, body, files, idempotencyKey }) {
        const { choices, uploadId } = submissionOf(body, files, idempotencyKey)
        if (body.isFastSigningRequest === true) {
          const { existingSignatures: _, ...fast } = choices
          const outcome = await application.signHashes(caller, { ...fast, payload: { uploadId } })
          return fastAnswer(links, caller, outcome)
        }
        const source = { kind: 'uploadedFile', uploadId } as const
        return submittedBody(links, caller, await application.submitSigningRequest(caller, { ...choices, source }))
      },
    }),
  ]
}

const olderFields = submissionFields.extend({
  isFastSigningRequest: z.boolean().optional().meta({
    description: 'The artifact is a document of hashes, and the answer is the document with their signatures.',
  }),
})

function submissionOf(
  fields: SubmissionFields,
  files: Readonly<Partial<Record<'artifact' | keyof ReturnType<typeof originFiles>, Upload>>>,
  idempotencyKey: string | null,
) {
  const choices = choicesOf(fields, { idempotencyKey, ...originUploads(files) })
  return { choices, uploadId: files.artifact?.uploadId ?? '' }
}
