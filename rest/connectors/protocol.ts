import { z } from 'zod'
import type { BuildArtifactSubmission, Caller, SigningRequestChanged } from '../../application/index.ts'
import { remedyOf } from '../../domain/index.ts'
import type { Links } from '../links.ts'
import type { Problem, ProblemForm } from '../problem-form.ts'
import { choicesOf, type SubmissionFields } from '../signing-requests/submission-fields.ts'

/** The part of the document in which the protocol of connectors stands. */
export const connectorTag = 'Connectors'

/** Where the requests of a connector are. The trusted build system is named by its slug. */
export const connectorPath = '/Connectors/{connector}/{buildSystem}/{organizationId}/SigningRequests'

/** Where plugins of a system submit. */
export function submissionPath(connector: string): string {
  return connectorPath.replace('{connector}', connector)
}

/** An id as plugins send it: as text, or as a number. */
export function id(description: string) {
  return z
    .union([z.string().min(1).max(1_000), z.int().nonnegative()])
    .transform(String)
    .meta({ description })
}

/** An {@link id} that may be left out: plugins send an empty text then. */
export function optionalId(description: string) {
  return z
    .union([z.string().max(1_000), z.int().nonnegative()])
    .transform(String)
    .optional()
    .meta({ description })
}

const text = (description: string) => z.string().optional().meta({ description })

/** What is secret about a build. */
export function secret(description: string) {
  return z.string().max(20_000).optional().meta({ description, writeOnly: true })
}

/** The fields that every plugin sends, whatever its build system is. */
export const connectorFields = z.object({
  signPathProjectSlug: z.string().meta({ description: 'The slug of the project.' }),
  signPathSigningPolicySlug: z.string().meta({ description: 'The slug of the signing policy.' }),
  signPathArtifactConfigurationSlug: text("The slug of the artifact configuration; the project's default without one."),
  signingRequestDescription: text('What people see of the request.'),
  version: text('Which version of the product it is. Grants can ask for it.'),
  parameters: z
    .union([z.record(z.string(), z.string()), z.array(z.object({ name: z.string(), value: z.string() }))])
    .optional()
    .meta({ description: 'Of the artifact configuration: an object, or a list of names and values.' }),
  cancellationTimeoutInSeconds: z
    .int()
    .optional()
    .meta({ description: 'The service cancels the request when it is not final after so many seconds.' }),
})

/** What was sent of {@link connectorFields}. */
export type ConnectorFields = z.output<typeof connectorFields>

/** How much a line in the log of a build matters, by the names that plugins know. */
const logLevels = ['Debug', 'Information', 'Warning', 'Error'] as const

const logs = z.array(z.object({ message: z.string(), level: z.enum(logLevels) })).meta({
  description: 'What the plugin writes to the log of the build.',
})

const validationResult = z
  .object({ errors: z.array(z.object({ error: z.string(), howToFix: z.string().nullable() })) })
  .meta({ description: 'What is wrong with the build, as far as it could be asked for.' })

/** What every submission by a plugin answers. */
export const connectorAnswerSchema = z.object({
  signingRequestId: z.uuid(),
  signingRequestUrl: z.string().meta({ description: 'The page of the request, for people.' }),
  validationResult,
  logs,
})

/** The answer 201, in the document of operations. */
export const connectorAnswer = {
  description: 'The signing request; the same one where the same build submits the same artifact again.',
  schema: connectorAnswerSchema,
  headers: { Location: 'Where the request is.' },
} as const

const problemSchema = z.object({
  error: z.string().meta({ description: 'Why the call was refused, with its code.' }),
  validationResult,
  logs,
})

/** Codes of what is wrong with a build, and not with the call. */
const ofBuild = /^(?:ORIGIN|IDENTITY_TOKEN|PIPELINE_POLICY)_/

/** What is wrong with a build: all that a refusal tells of, each with its code before it. */
function wrongWith(first: string, failedChecks: unknown) {
  const told = Array.isArray(failedChecks) ? failedChecks.map(String) : [first]
  return told.map((error) => ({ error, howToFix: remedyOf(error.slice(0, error.indexOf(':'))) }))
}

/** How plugins are told why a call was refused. */
export const connectorProblem: ProblemForm<typeof problemSchema> = {
  schema: problemSchema,
  furtherCodes: ofBuild,
  describe({ detail, code, details }: Problem) {
    const errors = ofBuild.test(code) ? wrongWith(`${code}: ${detail}`, details?.failedChecks) : []
    return {
      error: `${detail} (${code})`,
      validationResult: { errors },
      logs: [{ message: `${code}: ${detail}`, level: 'Error' }],
    }
  },
}

/** What a plugin's submission asks for, besides its build. */
export function choicesOfPlugin(
  fields: ConnectorFields,
  idempotencyKey: string | null,
): BuildArtifactSubmission['choices'] {
  const { parameters = {}, signPathArtifactConfigurationSlug } = fields
  const said: SubmissionFields = {
    projectSlug: fields.signPathProjectSlug,
    signingPolicySlug: fields.signPathSigningPolicySlug,
    // Plugins send an empty text where their user says nothing.
    ...(signPathArtifactConfigurationSlug && { artifactConfigurationSlug: signPathArtifactConfigurationSlug }),
    ...(fields.signingRequestDescription && { description: fields.signingRequestDescription }),
    ...(fields.version && { version: fields.version }),
    ...(fields.cancellationTimeoutInSeconds && {
      cancellationTimeoutInSeconds: fields.cancellationTimeoutInSeconds,
    }),
    parameters: Array.isArray(parameters)
      ? Object.fromEntries(parameters.map(({ name, value }) => [name, value]))
      : parameters,
  }
  const { origin: _, ...choices } = choicesOf(said, { idempotencyKey })
  return choices
}

/** The answer to a submission that was taken. @param next what comes next, for the log of the build */
export function takenAnswer(
  links: Links,
  { organizationId }: Caller,
  { signingRequestId }: SigningRequestChanged,
  next: string,
) {
  const body: z.input<typeof connectorAnswerSchema> = {
    signingRequestId,
    signingRequestUrl: links.webLink(signingRequestId),
    validationResult: { errors: [] },
    logs: [{ level: 'Information', message: next }],
  }
  const location = links.signingRequest({ organizationId, signingRequestId })
  return { status: 201 as const, headers: { location }, body }
}
