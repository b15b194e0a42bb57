import { z } from 'zod'
import type { OriginVerification, SourceSummaryRule } from '../../domain/index.ts'

const sourceSummary = z
  .object({
    level: z.int().min(1).max(4).meta({ description: 'At least SLSA_SOURCE_LEVEL_ and this number.' }),
    verifiers: z
      .array(
        z.object({
          id: z.string().meta({ description: 'The URI by which its summaries name it.' }),
          publicKeys: z.array(z.string()).meta({ description: 'PEM, or DER in base64, as they are shown.' }),
        }),
      )
      .meta({ description: 'Whose summaries are believed.' }),
    maximumAgeSeconds: z.int().nullable().default(null).meta({
      description: 'How long before the submission the revision may have been verified; null: at any time before.',
    }),
  })
  .nullable()
  .default(null)
  .meta({ description: 'The verification summary of the source revision that must come with submissions; null: none.' })

/** What a policy demands of origins, as inputs and answers have it. */
export const originVerification = z.object({
  sourceSummary,
  allowedBranches: z.array(z.string()).meta({
    description: 'Globs such as `main` and `release/*`, of which the branch that was built must match one.',
  }),
})

/** What {@link originVerification} has read. */
export function verificationOf({
  allowedBranches,
  sourceSummary: summary,
}: z.output<typeof originVerification>): OriginVerification {
  if (summary === null) return { allowedBranches }
  return { allowedBranches, sourceSummary: { ...summary, level: summary.level as SourceSummaryRule['level'] } }
}

/** The same as answers show it. */
export function showVerification({
  allowedBranches,
  sourceSummary: summary,
}: OriginVerification): z.input<typeof originVerification> {
  const verifiers = (summary?.verifiers ?? []).map(({ id, publicKeys }) => ({ id, publicKeys: [...publicKeys] }))
  return { allowedBranches: [...allowedBranches], sourceSummary: summary ? { ...summary, verifiers } : null }
}
