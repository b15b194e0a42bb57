import { z } from 'zod'
import { type Application, permissionsOfUseCases } from '../../application/index.ts'
import { Refusal } from '../../domain/index.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { choicesOf, submissionFields } from './submission-fields.ts'

const fields = submissionFields.extend({
  fileName: z.string().meta({ description: 'Of the artifact, without directories.' }),
  size: z.int().min(0).meta({ description: 'Of the artifact, in bytes.' }),
  firstBytes: z.base64().optional().meta({
    description:
      "The artifact's first bytes in base64, up to 64 KiB: faults of its format that they show are found. 4 KiB are enough for nearly every file.",
  }),
})

const checkSchema = z.object({
  accepted: z.boolean(),
  refusal: z
    .object({
      code: z.string().meta({ description: 'Stable: the code that the submission would be refused with.' }),
      message: z.string(),
      details: z.record(z.string(), z.unknown()),
    })
    .nullable(),
  signingRequestId: z
    .uuid()
    .nullable()
    .meta({ description: 'The request that the Idempotency-Key stands for already; null when there is none.' }),
})

/** `POST …/SigningRequests/CanSubmit`: whether an artifact would be taken, before it is uploaded. */
export function canSubmitOperation({
  application,
}: {
  readonly application: Pick<Application, 'canSubmit'>
}): Operation {
  return operation({
    method: 'POST',
    path: `${organizationPath}/SigningRequests/CanSubmit`,
    access: permissionsOfUseCases.canSubmit,
    operationId: 'canSubmit',
    tag: 'Signing requests',
    summary: 'Ask whether an artifact would be taken: everything that can be refused without its bytes',
    idempotency: 'useCase',
    body: { kind: 'fields', schema: fields },
    answers: { 200: { description: 'Whether it would, or why not.', schema: checkSchema } },
    async handle({ caller, body, idempotencyKey }) {
      try {
        const { fileName, size, firstBytes } = body
        const { signingRequestId } = await application.canSubmit(caller, {
          ...choicesOf(body, { idempotencyKey }),
          fileName,
          size,
          firstBytes: firstBytes === undefined ? null : Buffer.from(firstBytes, 'base64'),
        })
        return { status: 200, body: { accepted: true, refusal: null, signingRequestId } }
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        const { code, message, details } = error
        return {
          status: 200,
          body: { accepted: false, refusal: { code, message, details: { ...details } }, signingRequestId: null },
        }
      }
    },
  })
}
