import { z } from 'zod'
import { type Application, type BuildArtifactSubmission, permissionsOfUseCases } from '../../application/index.ts'
import type { Links } from '../links.ts'
import { type Operation, type OperationCall, operation } from '../operation.ts'
import {
  type ConnectorFields,
  choicesOfPlugin,
  connectorAnswer,
  connectorFields,
  connectorProblem,
  connectorTag,
  id,
  optionalId,
  secret,
  submissionPath,
  takenAnswer,
} from './protocol.ts'

type Dependencies = {
  readonly application: Pick<Application, 'submitBuildArtifact'>
  readonly links: Links
}

const ofBuildSystem = z.object({ buildSystem: z.string() })

const gitHubFields = connectorFields.extend({
  artifactId: id('The id that the upload of the artifact gave.'),
  gitHubWorkflowRunId: id('The run: GITHUB_RUN_ID.'),
  gitHubWorkflowRunAttempt: optionalId('The attempt that made the artifact; the last one when it is left out.'),
  gitHubRepository: z.string().optional().meta({ description: 'owner/name, which must be the project’s.' }),
  gitHubToken: secret("The job's GITHUB_TOKEN, or another that may read run and artifact. It ends with the job."),
  identityToken: secret("The job's identity token, for the audience of the link; used once."),
})

const gitLabFields = connectorFields.extend({
  gitLabJobId: id('The job that made the artifact: its CI_JOB_ID.'),
  gitLabArtifactPath: z.string().meta({ description: 'The file in the artifacts of that job.' }),
  gitLabAccessToken: secret('An access token that may read_api; without it that of the link is used.'),
  identityToken: secret("The job's identity token (id_tokens), for the audience of the link; used once."),
  sha256Hash: z
    .string()
    .optional()
    .meta({ description: 'The SHA-256 of the file, where the job knows it: hexadecimal.' }),
})

const azureDevOpsFields = connectorFields.extend({
  azureDevOpsBuildId: id('The build: Build.BuildId.'),
  azureDevOpsArtifactName: z.string().meta({ description: 'The name of the published artifact.' }),
})

const teamCityFields = connectorFields.extend({
  teamCityBuildId: id('The build: teamcity.build.id.'),
  teamCityArtifactPath: z.string().meta({ description: 'The path of the published artifact.' }),
})

/** Submissions by the plugins of systems from which the service fetches artifacts. */
export function fetchingOperations(dependencies: Dependencies): readonly Operation[] {
  const common = {
    method: 'POST',
    access: permissionsOfUseCases.submitBuildArtifact,
    tag: connectorTag,
    idempotency: 'useCase',
    parameters: ofBuildSystem,
    problem: connectorProblem,
    answers: { 201: connectorAnswer },
  } as const
  return [
    operation({
      ...common,
      path: submissionPath('GitHub'),
      operationId: 'submitFromGitHub',
      summary: 'Submit an artifact of a GitHub Actions run',
      body: { kind: 'fields', schema: gitHubFields, ignoresOthers: true },
      handle: (call) =>
        submitted(dependencies, call, {
          kind: 'githubActions',
          build: {
            fields: {
              runId: call.body.gitHubWorkflowRunId,
              artifactId: call.body.artifactId,
              ...optional({ attempt: call.body.gitHubWorkflowRunAttempt, repository: call.body.gitHubRepository }),
            },
            secrets: optional({ accessToken: call.body.gitHubToken, identityToken: call.body.identityToken }),
          },
          artifact: { kind: 'fetched', name: call.body.artifactId },
        }),
    }),
    operation({
      ...common,
      path: submissionPath('GitLab'),
      operationId: 'submitFromGitLab',
      summary: 'Submit an artifact of a GitLab job',
      body: { kind: 'fields', schema: gitLabFields, ignoresOthers: true },
      handle: (call) =>
        submitted(dependencies, call, {
          kind: 'gitlabCi',
          build: {
            fields: {
              jobId: call.body.gitLabJobId,
              path: call.body.gitLabArtifactPath,
              ...optional({ sha256: call.body.sha256Hash }),
            },
            secrets: optional({ accessToken: call.body.gitLabAccessToken, identityToken: call.body.identityToken }),
          },
          artifact: {
            kind: 'fetched',
            name: call.body.gitLabArtifactPath,
            ...optional({ sha256: call.body.sha256Hash }),
          },
        }),
    }),
    operation({
      ...common,
      path: submissionPath('AzureDevOps'),
      operationId: 'submitFromAzureDevOps',
      summary: 'Submit an artifact of an Azure DevOps build',
      body: { kind: 'fields', schema: azureDevOpsFields, ignoresOthers: true },
      handle: (call) =>
        submitted(dependencies, call, {
          kind: 'azureDevOps',
          build: {
            fields: {
              buildId: call.body.azureDevOpsBuildId,
              artifactName: call.body.azureDevOpsArtifactName,
            },
            secrets: {},
          },
          artifact: { kind: 'fetched', name: call.body.azureDevOpsArtifactName },
        }),
    }),
    operation({
      ...common,
      path: submissionPath('TeamCity'),
      operationId: 'submitFromTeamCity',
      summary: 'Submit an artifact of a TeamCity build',
      body: { kind: 'fields', schema: teamCityFields, ignoresOthers: true },
      handle: (call) =>
        submitted(dependencies, call, {
          kind: 'teamCity',
          build: {
            fields: { buildId: call.body.teamCityBuildId, artifactPath: call.body.teamCityArtifactPath },
            secrets: {},
          },
          artifact: { kind: 'fetched', name: call.body.teamCityArtifactPath },
        }),
    }),
  ]
}

/** Submits what a plugin asks for. */
async function submitted(
  { application, links }: Dependencies,
  call: OperationCall<z.output<typeof ofBuildSystem>, unknown, ConnectorFields>,
  said: Pick<BuildArtifactSubmission, 'kind' | 'build' | 'artifact'>,
) {
  const { caller, parameters, body, idempotencyKey } = call
  const taken = await application.submitBuildArtifact(caller, {
    buildSystem: parameters.buildSystem,
    choices: choicesOfPlugin(body, idempotencyKey),
    ...said,
  })
  const next = 'The artifact is fetched from the build system, which keeps it; then its origin is verified.'
  return takenAnswer(links, caller, taken, next)
}

/** What was said of what may be left out: plugins send empty texts where nothing is said. */
function optional(said: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(said).flatMap(([name, value]) => (value ? [[name, value]] : [])))
}
