import { z } from 'zod'
import { type Application, permissionsOfUseCases } from '../../application/index.ts'
import type { Links } from '../links.ts'
import { announcedSize } from '../media-type.ts'
import { type Operation, type OperationCall, operation, organizationPath } from '../operation.ts'
import { isForm, requireFileBody } from '../upload-body.ts'
import { choicesOf, submissionFields } from './submission-fields.ts'
import { originFiles, originUploads } from './submission-files.ts'
import { submittedAnswer, submittedBody, submittedSchema } from './submitted.ts'

const announcedFields = submissionFields.extend({
  unsignedArtifactMetadata: z.object({
    fileName: z.string().meta({ description: "The artifact's plain file name." }),
    sha256Hash: z.string().meta({ description: 'The digest that it will have, hexadecimal.' }),
  }),
})

/**
 * `POST …/SigningRequests/SubmitWithoutArtifact`, and where the artifact is sent then: `…/{id}/UnsignedArtifact`, which is
 * `…/{id}/UploadUnsignedArtifact` too. The build system that vouches for a submission need not vouch for the upload: its digest
 * is known.
 */
export function announcedUploadOperations({
  application,
  links,
}: {
  readonly application: Application
  readonly links: Links
}): readonly Operation[] {
  return [
    operation({
      method: 'POST',
      path: `${organizationPath}/SigningRequests/SubmitWithoutArtifact`,
      access: permissionsOfUseCases.submitSigningRequest,
      operationId: 'submitWithoutArtifact',
      tag: 'Signing requests',
      summary: 'Submit an artifact that is uploaded later',
      idempotency: 'useCase',
      body: {
        kind: 'fields',
        schema: announcedFields,
        files: originFiles(application),
      },
      answers: {
        201: {
          ...submittedAnswer,
          schema: submittedSchema.extend({
            uploadLink: z.string().meta({ description: 'Where the artifact is to be sent, by POST.' }),
          }),
        },
      },
      async handle({ caller, body, files, idempotencyKey }) {
        const { fileName, sha256Hash } = body.unsignedArtifactMetadata
        const submitted = await application.submitSigningRequest(caller, {
          ...choicesOf(body, { idempotencyKey, ...originUploads(files) }),
          source: { kind: 'announcedUpload', fileName, sha256: sha256Hash.toLowerCase() },
        })
        const answer = submittedBody(links, caller, submitted)
        const { organizationId } = caller
        const uploadLink = links.signingRequest({ ...submitted, organizationId }, 'UnsignedArtifact')
        return { ...answer, body: { ...answer.body, uploadLink } }
      },
    }),
    operation({
      method: 'POST',
      path: `${organizationPath}/SigningRequests/{signingRequestId}/UnsignedArtifact`,
      otherPaths: [`${organizationPath}/SigningRequests/{signingRequestId}/UploadUnsignedArtifact`],
      access: permissionsOfUseCases.uploadUnsignedArtifact,
      operationId: 'uploadUnsignedArtifact',
      tag: 'Signing requests',
      summary: 'Upload the artifact that a signing request announced',
      idempotency: 'useCase',
      parameters: z.object({ signingRequestId: z.string() }),
      body: { kind: 'file', description: 'The artifact, with the digest that was announced.' },
      answers: {
        202: {
          description: 'The artifact is there, and the request goes on.',
          schema: z.object({ signingRequestId: z.string(), fileName: z.string(), sha256: z.string(), size: z.int() }),
        },
      },
      handle: async (call) => ({ status: 202, body: { ...(await takeAnnounced(application, call)) } }),
    }),
  ]
}

/** Takes in the file that a request announced, which is asked for only when it would be taken. @throws Refusal as `uploadUnsignedArtifact` */
export async function takeAnnounced(
  application: Pick<Application, 'admitUnsignedArtifact' | 'uploadUnsignedArtifact'>,
  { caller, parameters: { signingRequestId }, request, file }: OperationCall<{ readonly signingRequestId: string }>,
) {
  requireFileBody(request)
  const size = isForm(request) ? undefined : announcedSize(request)
  await application.admitUnsignedArtifact(caller, { signingRequestId, size })
  const { bytes } = await file()
  return application.uploadUnsignedArtifact(caller, { signingRequestId, size, bytes })
}
