import { z } from 'zod'
import type { SubmissionChoices } from '../../application/index.ts'
import { InvalidInput } from '../invalid-input.ts'

const text = (description: string) => z.string().optional().meta({ description })

const repositoryData = z.object({
  url: text('Where the source code lies; without user name and password.'),
  branchName: text('The branch that was built.'),
  commitId: text('The commit that was built.'),
  sourceControlManagementType: text('Such as git.'),
})

/** What says what is signed inside of the artifact, and how. */
export const configurationFields = {
  artifactConfigurationSlug: text("The slug of the artifact configuration; the project's default without one."),
  artifactConfigurationId: text('The id of the artifact configuration.'),
  parameters: z
    .record(z.string(), z.string())
    .optional()
    .meta({ description: 'Of the artifact configuration; as parameters.<name>.' }),
}

/** The fields that every submission has, whatever its artifact is. */
export const submissionFields = z.object({
  projectSlug: text('The slug of the project, or its id.'),
  projectId: text('The id of the project.'),
  signingPolicySlug: text('The slug of the signing policy.'),
  signingPolicyId: text('The id of the signing policy, which says the project too.'),
  description: text('What people see of the request.'),
  version: text('Which version of the product it is. Grants can ask for it.'),
  existingSignatures: z
    .enum(['refuse', 'replace', 'append'])
    .optional()
    .meta({ description: 'What is done with a file that is signed already, if the signing policy allows it.' }),
  cancellationTimeoutInSeconds: z
    .int()
    .optional()
    .meta({ description: 'The service cancels the request when it is not final after so many seconds.' }),
  ...configurationFields,
  origin: z
    .object({
      repositoryData: repositoryData.optional(),
      buildData: z.object({ url: text('The page of the build; without user name and password.') }).optional(),
    })
    .optional()
    .meta({ description: 'Where the artifact comes from. Only with the token of a trusted build system.' }),
  build: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .meta({
      description:
        'Which build of the trusted build system it comes from: ids of run, job and artifact, as its kind has them; as build.<name>.',
    }),
  buildSecrets: z
    .record(z.string(), z.string().meta({ writeOnly: true }))
    .optional()
    .meta({
      description:
        'By which the build system is asked about the build (identityToken, accessToken), as buildSecrets.<name>. Shown to nobody, and removed when the origin is known.',
      writeOnly: true,
    }),
})

/** What was sent of {@link submissionFields}. */
export type SubmissionFields = z.output<typeof submissionFields>

/**
 * What a submission asks for.
 *
 * @param buildSettingsUploadId of the file `origin.buildData.buildSettingsFile`
 * @param sourceSummaryUploadIds of the file `origin.sourceSummary`
 * @throws InvalidInput when project or policy are not named, or one of them or the artifact configuration twice
 */
export function choicesOf(
  fields: SubmissionFields,
  {
    idempotencyKey,
    buildSettingsUploadId = null,
    sourceSummaryUploadIds = [],
  }: {
    readonly idempotencyKey: string | null
    readonly buildSettingsUploadId?: string | null
    readonly sourceSummaryUploadIds?: readonly string[]
  },
): SubmissionChoices {
  const signingPolicy = oneOf(fields, 'signingPolicySlug', 'signingPolicyId')
  const project = oneOf(fields, 'projectSlug', 'projectId')
  if (signingPolicy === undefined) throw missing('signingPolicySlug')
  if (project === undefined && fields.signingPolicyId === undefined) throw missing('projectSlug')
  const { origin, description, version, existingSignatures } = fields
  const { repositoryData: repository, buildData: build } = origin ?? {}
  const files = [...sourceSummaryUploadIds, ...(buildSettingsUploadId === null ? [] : [buildSettingsUploadId])]
  const hasOrigin = repository !== undefined || build !== undefined || files.length > 0
  return {
    project: project ?? null,
    signingPolicy,
    description: description ?? null,
    version: version ?? null,
    existingSignatures: existingSignatures ?? null,
    ...askedConfigurationOf(fields),
    idempotencyKey,
    cancelAfterSeconds: fields.cancellationTimeoutInSeconds ?? null,
    build: { fields: fields.build ?? {}, secrets: fields.buildSecrets ?? {} },
    origin: hasOrigin
      ? {
          repositoryData:
            repository === undefined
              ? null
              : {
                  url: repository.url ?? null,
                  branchName: repository.branchName ?? null,
                  commitId: repository.commitId ?? null,
                  sourceControlManagementType: repository.sourceControlManagementType ?? null,
                },
          buildData: { url: build?.url ?? null, buildSettingsUploadId },
          sourceSummaryUploadIds,
        }
      : null,
  }
}

/**
 * What two fields name of which one is given: a slug, or the id of the same. `undefined` when none is.
 *
 * @throws InvalidInput when both are
 */
export function oneOf<First extends string, Second extends string>(
  fields: { readonly [Name in First | Second]?: string | undefined },
  first: First,
  second: Second,
): string | undefined {
  if (fields[first] !== undefined && fields[second] !== undefined)
    throw new InvalidInput({ [second]: [`must not be given together with ${first}: name it in one way`] })
  return fields[first] ?? fields[second]
}

/** The error of a slug that is not given, and neither is the id in its place. */
export function missing(field: `${string}Slug`): InvalidInput {
  return new InvalidInput({ [field]: [`must be given, or ${field.replace('Slug', 'Id')}`] })
}

/**
 * The artifact configuration and its parameters: nothing of what is not said, since some submissions are known again by all that they say.
 *
 * @throws InvalidInput when the artifact configuration is named twice
 */
export function askedConfigurationOf(
  fields: z.output<z.ZodObject<typeof configurationFields>>,
): Pick<SubmissionChoices, 'artifactConfiguration' | 'parameters'> {
  const artifactConfiguration = oneOf(fields, 'artifactConfigurationSlug', 'artifactConfigurationId')
  const { parameters = {} } = fields
  return {
    ...(artifactConfiguration !== undefined && { artifactConfiguration }),
    ...(Object.keys(parameters).length > 0 && { parameters }),
  }
}
