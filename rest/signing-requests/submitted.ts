import { z } from 'zod'
import type { Caller, SigningRequestChanged } from '../../application/index.ts'
import type { Links } from '../links.ts'

/** What every submission answers, at least. */
export const submittedSchema = z.object({
  signingRequestId: z.uuid(),
  webLink: z.string().meta({ description: 'The page of the request, for people.' }),
  signingRequestUrl: z.string().meta({ description: 'The request itself, as Location says too.' }),
})

/** The answer 201 of a submission, in the document of operations. */
export const submittedAnswer = {
  description: 'The signing request, or the one that the same Idempotency-Key has made before.',
  schema: submittedSchema,
  headers: { Location: 'Where the request is.' },
} as const

/** The answer to a submission that was taken. */
export function submittedBody(links: Links, { organizationId }: Caller, { signingRequestId }: SigningRequestChanged) {
  const location = links.signingRequest({ organizationId, signingRequestId })
  return {
    status: 201,
    headers: { location },
    body: { signingRequestId, webLink: links.webLink(signingRequestId), signingRequestUrl: location },
  } as const
}
