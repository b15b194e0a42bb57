import { type Application, permissionsOfUseCases } from '../../application/index.ts'
import { Refusal } from '../../domain/index.ts'
import type { Links } from '../links.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { choicesOf, submissionFields } from './submission-fields.ts'
import { artifactField, buildSettingsField } from './submission-files.ts'
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
  const submission = (path: string, operationId: string, summary: string) =>
    operation({
      method: 'POST',
      path: `${organizationPath}/SigningRequests${path}`,
      access: permissionsOfUseCases.submitSigningRequest,
      operationId,
      tag: 'Signing requests',
      summary,
      idempotency: 'useCase',
      body: {
        kind: 'fields',
        schema: submissionFields,
        files: {
          artifact: artifactField(application),
          'origin.buildData.buildSettingsFile': buildSettingsField(application),
        },
        async admit(caller, { size }) {
          if (size !== undefined && size > maximumUploadSize + formOverhead)
            throw new Refusal(
              'ARTIFACT_TOO_LARGE',
              `The artifact is larger than the limit of ${maximumUploadSize} bytes for uploads.`,
              { maximumSize: maximumUploadSize },
            )
          await application.admitUpload(caller, { size: undefined })
        },
      },
      answers: { 201: submittedAnswer },
      async handle({ caller, body, files, idempotencyKey }) {
        const buildSettingsUploadId = files['origin.buildData.buildSettingsFile']?.uploadId ?? null
        const choices = choicesOf(body, { idempotencyKey, buildSettingsUploadId })
        const uploadId = files.artifact?.uploadId ?? ''
        const submitted = await application.submitSigningRequest(caller, {
          ...choices,
          source: { kind: 'uploadedFile', uploadId },
        })
        return submittedBody(links, caller, submitted)
      },
    })
  return [
    submission('/SubmitWithArtifact', 'submitWithArtifact', 'Submit an artifact'),
    submission('', 'submitSigningRequest', 'Submit an artifact (the older path)'),
  ]
}
