import { z } from 'zod'
import type { ConnectorForms } from '../connector.ts'
import { apiBaseUrl } from '../http-api/index.ts'
import { commitText, idText, repositoryText } from '../reading/index.ts'

// Forms of answers of Azure DevOps' REST API 7.1, with no more than what is needed of them.

/** What a link with Azure DevOps says. */
export const azureDevOpsSettings = z.strictObject({
  /** Address of the organization, or of a collection of an own server: `https://dev.azure.com/example`. */
  baseUrl: apiBaseUrl,
  /** The project of Azure DevOps, by name or id. */
  project: z.string().min(1).max(200),
  /** Ids of the pipelines that builds must be of; by default every one of the project. */
  definitionIds: z.array(z.number().int().positive()).min(1).max(100).nullable().default(null),
  /** Ids of the agent pools that jobs may run in; by default every one. */
  poolIds: z.array(z.number().int().positive()).min(1).max(100).nullable().default(null),
  /** A template that pipelines must extend: the id of its repository, its path there, and the reference (`refs/heads/main`) that it is taken of. */
  requiredTemplate: z
    .strictObject({
      repositoryId: z.string().min(1).max(200),
      path: z.string().min(1).max(400),
      ref: z.string().min(1).max(400),
    })
    .nullable()
    .default(null),
})

/** What a link with Azure DevOps says. */
export type AzureDevOpsSettings = z.output<typeof azureDevOpsSettings>

/** Which build it is. */
export const azureDevOpsBuild = z.object({
  buildId: idText.refine((text) => /^[1-9]\d{0,9}$/.test(text)),
  artifactName: z.string().regex(/^(?!\.{1,2}$)[^/\\\p{Cc}]{1,200}$/u),
})

/** Which build it is. */
export type AzureDevOpsBuild = z.output<typeof azureDevOpsBuild>

/** What Azure DevOps asks of links and submissions. */
export const azureDevOpsForms: ConnectorForms<AzureDevOpsSettings, AzureDevOpsBuild> = {
  kind: 'azureDevOps',
  settings: azureDevOpsSettings,
  linkSecrets: ['apiKey'],
  addresses: ({ baseUrl }) => [baseUrl],
  build: azureDevOpsBuild,
  artifactField: 'artifactName',
}

const identity = z.object({ id: idText, displayName: z.string().nullish() })

/** A build. */
export const buildAnswer = z.object({
  id: idText,
  status: z.string(),
  result: z.string().nullish(),
  reason: z.string(),
  deleted: z.boolean().nullish(),
  sourceBranch: z.string(),
  sourceVersion: commitText,
  definition: z.object({ id: z.number().int(), name: z.string().nullish() }),
  project: z.object({ id: z.string(), name: z.string() }),
  repository: z.object({ id: z.string(), type: z.string(), url: repositoryText.nullish() }),
  requestedFor: identity.nullish(),
  requestedBy: identity.nullish(),
  triggerInfo: z.record(z.string(), z.unknown()).nullish(),
  _links: z.object({ web: z.object({ href: z.string() }).nullish() }).nullish(),
})

/** A build. */
export type BuildAnswer = z.output<typeof buildAnswer>

/** A repository of Azure Repos. */
export const repositoryAnswer = z.object({
  id: z.string(),
  remoteUrl: z.string(),
  project: z.object({ id: z.string() }),
})

/** How two versions of a repository are to each other. */
export const comparisonAnswer = z.object({ commonCommit: z.string().nullish() })

/** References of a repository. */
export const refsAnswer = z.object({
  value: z.array(z.object({ name: z.string(), objectId: z.string(), peeledObjectId: z.string().nullish() })),
})

/** What a build did, step by step. */
export const timelineAnswer = z.object({
  records: z.array(
    z.object({
      type: z.string(),
      name: z.string().nullish(),
      attempt: z.number().int().nullish(),
      result: z.string().nullish(),
      queueId: z.number().int().nullish(),
      workerName: z.string().nullish(),
      previousAttempts: z.array(z.object({ timelineId: z.string() })).nullish(),
    }),
  ),
})

/** A queue of a project, and the pool that its agents are of. */
export const queueAnswer = z.object({
  pool: z.object({ id: z.number().int(), name: z.string(), isHosted: z.boolean() }),
})

/** A run of a pipeline, with the files that said how to build. */
export const runAnswer = z.object({
  yamlDetails: z
    .object({
      rootYamlFile: z.object({ yamlFile: z.string() }).nullish(),
      extendedTemplates: z
        .array(z.object({ yamlFile: z.string(), repoAlias: z.string().nullish(), ref: z.string().nullish() }))
        .nullish(),
    })
    .nullish(),
  resources: z
    .object({
      repositories: z
        .record(z.string(), z.object({ repository: z.object({ id: z.string().nullish() }).nullish() }))
        .nullish(),
    })
    .nullish(),
})

/** An artifact of a build. */
export const artifactAnswer = z.object({
  name: z.string(),
  resource: z.object({ type: z.string() }),
})
