import { z } from 'zod'
import { type Application, permissionsOfUseCases } from '../../application/index.ts'
import type { Links } from '../links.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { choicesOf, submissionFields } from './submission-fields.ts'
import { originFiles, originUploads } from './submission-files.ts'
import { submittedAnswer, submittedBody } from './submitted.ts'

const buildFields = submissionFields.extend({
  trustedBuildSystemSlug: z.string().optional().meta({
    description: 'Which trusted build system has it; the one that vouches for the call when it is left out.',
  }),
  sha256Hash: z.string().optional().meta({ description: 'The digest that the artifact must have, hexadecimal.' }),
})

/** `POST …/SigningRequests/SubmitBuildArtifact`: the service fetches the artifact from the build system that keeps it. */
export function buildArtifactOperation({
  application,
  links,
}: {
  readonly application: Application
  readonly links: Links
}): Operation {
  return operation({
    method: 'POST',
    path: `${organizationPath}/SigningRequests/SubmitBuildArtifact`,
    access: permissionsOfUseCases.submitBuildArtifact,
    operationId: 'submitBuildArtifact',
    tag: 'Signing requests',
    summary: 'Submit an artifact that the service fetches from the build system that made it, as build.… names it',
    idempotency: 'useCase',
    body: { kind: 'fields', schema: buildFields, files: originFiles(application) },
    answers: { 201: submittedAnswer },
    async handle({ caller, body, files, idempotencyKey }) {
      const { build, ...choices } = choicesOf(body, { idempotencyKey, ...originUploads(files) })
      const { sha256Hash } = body
      const submitted = await application.submitBuildArtifact(caller, {
        kind: null,
        buildSystem: body.trustedBuildSystemSlug ?? null,
        choices,
        build: build ?? { fields: {}, secrets: {} },
        artifact: { kind: 'fetched', ...(sha256Hash !== undefined && { sha256: sha256Hash.toLowerCase() }) },
      })
      return submittedBody(links, caller, submitted)
    },
  })
}
