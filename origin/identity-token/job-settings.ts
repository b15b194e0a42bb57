import { z } from 'zod'

const uuid = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/

/** What a link says of identity tokens by which jobs submit, whatever issued them. */
export const jobSettings = {
  /** The CI user as whom jobs submit by their token alone (`jobSubmitterOf` of the domain); without one they bring an API token. */
  submitter: z.string().regex(uuid, 'must be the id of a CI user, a UUID').optional(),
  /** Whether a token must name, behind the audience, the artifact that is submitted with it. */
  requireArtifactDigest: z.boolean().default(false),
} as const

/**
 * Refuses a link that names whom jobs submit as and does not say which tokens are theirs.
 *
 * @param needed what must be said, by name
 */
export function requireTokensKnown(
  { submitter, ...needed }: { readonly submitter: string | undefined } & Readonly<Record<string, unknown>>,
  context: z.RefinementCtx,
): void {
  if (submitter === undefined) return
  for (const [name, value] of Object.entries(needed))
    if (value === undefined)
      context.addIssue({
        code: 'custom',
        message: 'With a submitter it must be said, since tokens of jobs are known by it.',
        path: [name],
      })
}
