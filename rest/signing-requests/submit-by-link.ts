import { z } from 'zod'
import { type Application, permissionsOfUseCases } from '../../application/index.ts'
import { InvalidInput } from '../invalid-input.ts'
import type { Links } from '../links.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { choicesOf, submissionFields } from './submission-fields.ts'
import { originFiles, originUploads } from './submission-files.ts'
import { submittedAnswer, submittedBody } from './submitted.ts'

const secret = z.string().meta({ writeOnly: true })

const httpHeaders = z
  .union([z.array(z.object({ key: z.string(), value: secret })), z.record(z.string(), secret)])
  .optional()
  .meta({
    description:
      'Sent to the host of the address alone: as httpHeaders[0].key and .value, or as httpHeaders.<name>. Their values are shown to nobody.',
    writeOnly: true,
  })

const linkFields = submissionFields.extend({
  artifactRetrievalLink: z.object({
    url: z.string().meta({
      description:
        'Absolute; https, of a public address, unless the operator allows more. What stands behind ? is shown to nobody.',
      writeOnly: true,
    }),
    fileName: z.string().meta({ description: "The artifact's plain file name." }),
    sha256Hash: z.string().optional().meta({ description: 'The digest that it must have, hexadecimal.' }),
    httpHeaders,
  }),
})

/** `POST …/SigningRequests/SubmitWithArtifactRetrievalLink`: the service fetches the artifact. */
export function linkOperations({
  application,
  links,
}: {
  readonly application: Application
  readonly links: Links
}): readonly Operation[] {
  return [
    operation({
      method: 'POST',
      path: `${organizationPath}/SigningRequests/SubmitWithArtifactRetrievalLink`,
      access: permissionsOfUseCases.submitSigningRequest,
      operationId: 'submitWithArtifactRetrievalLink',
      tag: 'Signing requests',
      summary: 'Submit an artifact that the service fetches from a link',
      idempotency: 'useCase',
      body: {
        kind: 'fields',
        schema: linkFields,
        files: originFiles(application),
      },
      answers: { 201: submittedAnswer },
      async handle({ caller, body, files, idempotencyKey }) {
        const { url, fileName, sha256Hash, httpHeaders: given } = body.artifactRetrievalLink
        const submitted = await application.submitSigningRequest(caller, {
          ...choicesOf(body, { idempotencyKey, ...originUploads(files) }),
          source: { kind: 'link', url, fileName, sha256: sha256Hash?.toLowerCase() ?? null, headers: headersOf(given) },
        })
        return submittedBody(links, caller, submitted)
      },
    }),
  ]
}

/** @throws InvalidInput when one stands there twice */
function headersOf(given: z.output<typeof httpHeaders>): Readonly<Record<string, string>> {
  if (!Array.isArray(given)) return given ?? {}
  const named = new Map<string, string>()
  for (const { key, value } of given) {
    if (named.has(key)) throw new InvalidInput({ 'artifactRetrievalLink.httpHeaders': ['names a header twice'] })
    named.set(key, value)
  }
  return Object.fromEntries(named)
}
