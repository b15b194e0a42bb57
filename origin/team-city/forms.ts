import { z } from 'zod'
import type { ConnectorForms } from '../connector.ts'
import { apiBaseUrl } from '../http-api/index.ts'
import { idText, isInnerPath, repositoryText } from '../reading/index.ts'

// Forms of answers of TeamCity's REST API, with no more than what is needed of them.

/** What a link with TeamCity says. */
export const teamCitySettings = z.strictObject({
  /** The server's address. */
  baseUrl: apiBaseUrl,
  /** Ids of the build configurations that builds must be of; by default every one that the API key may see. */
  buildTypeIds: z.array(z.string().min(1).max(225)).min(1).max(100).nullable().default(null),
  /** Whether builds may run with other parameters or dependencies than their configuration has. */
  allowCustomized: z.boolean().default(false),
})

/** What a link with TeamCity says. */
export type TeamCitySettings = z.output<typeof teamCitySettings>

/** Which build it is. */
export const teamCityBuild = z.object({
  buildId: idText.refine((text) => /^[1-9]\d{0,18}$/.test(text)),
  /** Path of the artifact among those that the build published; not within an archive. */
  artifactPath: z
    .string()
    .max(500)
    .refine((path) => isInnerPath(path) && !path.includes('!')),
})

/** Which build it is. */
export type TeamCityBuild = z.output<typeof teamCityBuild>

/** What TeamCity asks of links and submissions. */
export const teamCityForms: ConnectorForms<TeamCitySettings, TeamCityBuild> = {
  kind: 'teamCity',
  settings: teamCitySettings,
  linkSecrets: ['apiKey'],
  addresses: ({ baseUrl }) => [baseUrl],
  build: teamCityBuild,
  artifactField: 'artifactPath',
}

const user = z.object({ id: idText, username: z.string().nullish(), name: z.string().nullish() })

const revision = z.object({
  version: z.string(),
  vcsBranchName: z.string().nullish(),
  'vcs-root-instance': z.object({
    vcsName: z.string().nullish(),
    properties: z
      .object({ property: z.array(z.object({ name: z.string(), value: repositoryText.nullish() })) })
      .nullish(),
  }),
})

/** A build. Without `fields` TeamCity leaves out what is false, so that all is asked for by name. */
export const buildAnswer = z.object({
  id: idText,
  state: z.string(),
  status: z.string(),
  personal: z.boolean(),
  customized: z.boolean().nullish(),
  buildTypeId: z.string(),
  webUrl: z.string().nullish(),
  canceledInfo: z.unknown().optional(),
  triggered: z.object({ type: z.string().nullish(), user: user.nullish() }).nullish(),
  revisions: z.object({ revision: z.array(revision) }),
})

/** A build. */
export type BuildAnswer = z.output<typeof buildAnswer>

/** What is asked of a build. */
export const buildFields =
  'id,number,state,status,personal,customized,buildTypeId,webUrl,canceledInfo(timestamp),triggered(type,user(id,username,name)),' +
  'revisions(revision(version,vcsBranchName,vcs-root-instance(vcsName,properties(property(name,value)))))'

/** A file among the artifacts; a folder has children and no size. */
export const fileAnswer = z.object({ name: z.string(), size: z.number().int().nonnegative() })
