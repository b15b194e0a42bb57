import { z } from 'zod'
import type { ConnectorForms } from '../connector.ts'
import { apiBaseUrl } from '../http-api/index.ts'
import { commitText, idText, optional, repositoryText } from '../reading/index.ts'

/** AppVeyor's names for repositories on own servers; `stash` is Bitbucket Server. */
export const ownProviders = ['gitHubEnterprise', 'stash', 'gitLabEnterprise', 'kiln', 'gitea'] as const

// Forms of answers of AppVeyor's REST API, with no more than what is needed of them.

/** What a link with AppVeyor says. */
export const appVeyorSettings = z.strictObject({
  /** AppVeyor's address, or that of an own AppVeyor Server. */
  baseUrl: apiBaseUrl.default('https://ci.appveyor.com'),
  /** Account and project that builds must be of; by default every project of the API key's account. */
  accountName: z.string().min(1).max(100).nullable().default(null),
  projectSlug: z.string().min(1).max(200).nullable().default(null),
  /** The artifact to sign, as AppVeyor lists it; by default the only one of the job. */
  artifactPath: z.string().min(1).max(500).nullable().default(null),
  /** The own server that the repositories are on, and AppVeyor's name for its kind. AppVeyor names repositories without their server. */
  repositoryServer: z
    .strictObject({ provider: z.enum(ownProviders), baseUrl: apiBaseUrl })
    .nullable()
    .default(null),
  /** Whether project and repository must be public, as they are for open-source organizations. */
  mustBePublic: z.boolean().default(false),
})

/** What a link with AppVeyor says. */
export type AppVeyorSettings = z.output<typeof appVeyorSettings>

/** A name that is one segment of a path. */
const plain = z.string().regex(/^(?!\.{1,2}$)[^/\\\p{Cc}]{1,200}$/u)

/** Which build it is. AppVeyor's web hook says all of this; the names select, and decide nothing. */
export const appVeyorBuild = z.object({
  accountName: plain,
  projectSlug: plain,
  buildVersion: plain,
  buildId: idText,
  /** The job that made the artifact. */
  buildJobId: plain.regex(/^[A-Za-z0-9]+$/),
})

/** Which build it is. */
export type AppVeyorBuild = z.output<typeof appVeyorBuild>

/** What AppVeyor asks of links and submissions. */
export const appVeyorForms: ConnectorForms<AppVeyorSettings, AppVeyorBuild> = {
  kind: 'appVeyor',
  settings: appVeyorSettings,
  linkSecrets: ['apiKey'],
  addresses: ({ baseUrl }) => [baseUrl],
  build: appVeyorBuild,
  artifactField: 'buildJobId',
}

const moment = z.iso.datetime({ offset: true, local: true })

const job = z.object({ jobId: z.string(), status: z.string() })

const project = z.object({
  projectId: idText,
  accountName: z.string(),
  slug: z.string(),
  repositoryType: z.string(),
  repositoryScm: z.string(),
  repositoryName: repositoryText,
  isPrivate: z.boolean(),
})

/** A build with its project. */
export const buildAnswer = z.object({
  project,
  build: z.object({
    buildId: idText,
    version: z.string(),
    status: z.string(),
    commitId: commitText,
    branch: z.string(),
    isTag: z.boolean(),
    tag: optional(z.string()),
    created: moment,
    started: optional(moment),
    finished: optional(moment),
    pullRequestId: optional(idText),
    pullRequestName: optional(z.string()),
    pullRequestHeadRepository: optional(z.string()),
    pullRequestHeadBranch: optional(z.string()),
    pullRequestHeadCommitId: optional(z.string()),
    jobs: z.array(job).min(1),
  }),
})

/** The projects of the account that an API key is of. */
export const projectsAnswer = z.array(z.object({ projectId: idText, accountName: z.string(), slug: z.string() }))

const scripts = z.array(z.unknown())

/** Settings of a project. */
export const settingsAnswer = z.object({
  settings: z.object({
    projectId: idText,
    created: moment,
    updated: optional(moment),
    ignoreAppveyorYml: z.boolean(),
    customYmlName: optional(z.string()),
    configuration: z.looseObject({
      // Of the lists of scripts those that AppVeyor's documentation shows; others that it may send count as well.
      initScripts: scripts,
      installScripts: scripts,
      beforeBuildScripts: scripts,
      buildScripts: scripts,
      afterBuildScripts: scripts,
      beforeTestScripts: scripts,
      testScripts: scripts,
      afterTestScripts: scripts,
      beforeDeployScripts: scripts,
      deployScripts: scripts,
      afterDeployScripts: scripts,
      onBuildSuccessScripts: scripts,
      onBuildErrorScripts: scripts,
      cacheEntries: optional(z.array(z.unknown())),
    }),
  }),
  project: z.object({ updated: optional(moment) }),
})

/** A build with its project. */
export type BuildAnswer = z.output<typeof buildAnswer>
/** Settings of a project. */
export type SettingsAnswer = z.output<typeof settingsAnswer>

/** The artifacts of a job. */
export const artifactsAnswer = z.array(z.object({ fileName: z.string(), size: z.number().int().nonnegative() }))
