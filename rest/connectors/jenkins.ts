import { z } from 'zod'
import { type Application, permissionsOfUseCases } from '../../application/index.ts'
import { InvalidInput } from '../invalid-input.ts'
import type { Links } from '../links.ts'
import { type Operation, operation } from '../operation.ts'
import { takeAnnounced } from '../signing-requests/announced-upload.ts'
import {
  choicesOfPlugin,
  connectorAnswer,
  connectorAnswerSchema,
  connectorFields,
  connectorProblem,
  connectorTag,
  id,
  submissionPath,
  takenAnswer,
} from './protocol.ts'

const jenkinsFields = connectorFields.extend({
  jobFullName: z.string().meta({ description: 'The job with its folders: JOB_NAME.' }),
  buildNumber: id('The build of that job: BUILD_NUMBER.'),
  sha256ArtifactPath: z.string().meta({
    description: "The archived file with the artifact's SHA-256, in base64: the artifact's own path and .sha256.",
  }),
  inputArtifactRetrievalUrl: z
    .string()
    .optional()
    .meta({ description: 'Where the service fetches the artifact, when it is not uploaded.', writeOnly: true }),
  inputArtifactRetrievalHttpHeaders: z
    .record(z.string(), z.string().meta({ writeOnly: true }))
    .optional()
    .meta({ description: 'Sent to the host of that address alone.', writeOnly: true }),
})

/**
 * Submissions by the Jenkins plugin. It archives the digest of the artifact, which Jenkins is asked for; the artifact itself is uploaded
 * then, or fetched from a link, and must have that digest.
 */
export function jenkinsOperations({
  application,
  links,
}: {
  readonly application: Pick<Application, 'submitBuildArtifact' | 'admitUnsignedArtifact' | 'uploadUnsignedArtifact'>
  readonly links: Links
}): readonly Operation[] {
  return [
    operation({
      method: 'POST',
      path: submissionPath('Jenkins'),
      access: permissionsOfUseCases.submitBuildArtifact,
      operationId: 'submitFromJenkins',
      tag: connectorTag,
      summary: 'Submit an artifact of a Jenkins build',
      idempotency: 'useCase',
      parameters: z.object({ buildSystem: z.string() }),
      body: { kind: 'fields', schema: jenkinsFields, ignoresOthers: true },
      problem: connectorProblem,
      answers: {
        201: {
          ...connectorAnswer,
          schema: connectorAnswerSchema.extend({
            artifactUploadLink: z.string().nullable().meta({
              description: 'Where the artifact is to be sent, by POST; null where the service fetches it.',
            }),
          }),
        },
      },
      async handle({ caller, parameters, body, idempotencyKey }) {
        const { jobFullName: job, buildNumber, sha256ArtifactPath, inputArtifactRetrievalUrl: url } = body
        const { inputArtifactRetrievalHttpHeaders: headers } = body
        if (headers !== undefined && !url)
          throw new InvalidInput({ inputArtifactRetrievalUrl: ['must be given where headers are'] })
        const fileName = fileNameOf(sha256ArtifactPath)
        const taken = await application.submitBuildArtifact(caller, {
          kind: 'jenkins',
          buildSystem: parameters.buildSystem,
          choices: choicesOfPlugin(body, idempotencyKey),
          build: { fields: { job, buildNumber, sha256ArtifactPath }, secrets: {} },
          artifact: url
            ? { kind: 'link', fileName, url, ...(headers !== undefined && { headers }) }
            : { kind: 'announced', fileName },
        })
        const next = url
          ? 'The artifact is fetched from its link, and must have the SHA-256 that the build archived.'
          : 'The artifact is to be uploaded now, and must have the SHA-256 that the build archived.'
        const answer = takenAnswer(links, caller, taken, next)
        const { organizationId } = caller
        const uploadLink = links.signingRequest({ ...taken, organizationId }, 'UnsignedArtifact')
        return { ...answer, body: { ...answer.body, artifactUploadLink: url ? null : uploadLink } }
      },
    }),
    operation({
      method: 'POST',
      path: `${submissionPath('Jenkins')}/{signingRequestId}/UnsignedArtifact`,
      access: permissionsOfUseCases.uploadUnsignedArtifact,
      operationId: 'uploadFromJenkins',
      tag: connectorTag,
      summary: 'Upload the artifact that a Jenkins build announced',
      idempotency: 'useCase',
      parameters: z.object({ buildSystem: z.string(), signingRequestId: z.string() }),
      // The plugin sends the link back that it got. It goes to this service whatever it says: no address of a call is called.
      query: z.object({ uploadLink: z.string().optional() }),
      body: { kind: 'file', description: 'The artifact, with the digest that was archived.' },
      problem: connectorProblem,
      answers: { 200: { description: 'The artifact is there, and the request goes on.', schema: z.object({}) } },
      async handle(call) {
        await takeAnnounced(application, call)
        return { status: 200, body: {} }
      },
    }),
  ]
}

/** The name of the artifact whose digest a file has. @throws InvalidInput */
function fileNameOf(sha256ArtifactPath: string): string {
  const [, name] = /([^/\\]+)\.sha256$/i.exec(sha256ArtifactPath) ?? []
  if (name !== undefined) return name
  throw new InvalidInput({ sha256ArtifactPath: ['must be the path of the artifact, and .sha256'] })
}
