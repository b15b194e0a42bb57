import { z } from 'zod'
import { type Application, permissionsOfUseCases } from '../../application/index.ts'
import type { Links } from '../links.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { askedConfigurationOf, configurationFields, missing, oneOf } from './submission-fields.ts'
import { submittedAnswer, submittedBody } from './submitted.ts'

/** `POST …/SigningRequests/Resubmit`: a completed request becomes another one, under another signing policy. */
export function resubmitOperation({
  application,
  links,
}: {
  readonly application: Application
  readonly links: Links
}): Operation {
  return operation({
    method: 'POST',
    path: `${organizationPath}/SigningRequests/Resubmit`,
    access: permissionsOfUseCases.resubmitSigningRequest,
    operationId: 'resubmitSigningRequest',
    tag: 'Signing requests',
    summary: 'Submit the artifact of a completed request again, to another signing policy',
    description:
      'File, version, artifact configuration with its parameters, origin and the treatment of signatures are those of the original; the new policy judges them. Another artifact configuration can be named, which is taken in the version in force. Each of the two requests names the other.',
    idempotency: 'useCase',
    body: {
      kind: 'fields',
      schema: z.object({
        originalSigningRequestId: z.string().meta({ description: 'A completed request.' }),
        signingPolicySlug: z
          .string()
          .optional()
          .meta({ description: "The slug of a policy of the original's project." }),
        signingPolicyId: z.string().optional().meta({ description: 'The id of a policy, in place of its slug.' }),
        description: z.string().optional().meta({ description: 'What this is, for those who approve.' }),
        ...configurationFields,
      }),
    },
    answers: { 201: submittedAnswer },
    async handle({ caller, body, idempotencyKey }) {
      const { originalSigningRequestId, description = null } = body
      const signingPolicy = oneOf(body, 'signingPolicySlug', 'signingPolicyId')
      if (signingPolicy === undefined) throw missing('signingPolicySlug')
      const said = { originalSigningRequestId, signingPolicy, description, idempotencyKey }
      const input = { ...said, ...askedConfigurationOf(body) }
      return submittedBody(links, caller, await application.resubmitSigningRequest(caller, input))
    },
  })
}
