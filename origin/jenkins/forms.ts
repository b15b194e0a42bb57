import { z } from 'zod'
import { parseSha256Digest } from '../../domain/digest.ts'
import { linkInvalid, secretMissing } from '../../domain/origin-refusals.ts'
import type { ConnectorForms } from '../connector.ts'
import { apiBaseUrl } from '../http-api/index.ts'
import { idText, isInnerPath, repositoryText } from '../reading/index.ts'

// Forms of answers of Jenkins' remote access API, with no more than what is needed of them.

/** What a link with Jenkins says. */
export const jenkinsSettings = z.strictObject({
  /** Jenkins' address. Without it Jenkins is asked nothing, and what its plugin says is a claim. */
  baseUrl: apiBaseUrl.nullable().default(null),
  /** Whose API token the link holds. */
  userName: z.string().min(1).max(200).nullable().default(null),
  /** Jobs that builds must be of, each with its folders: `team/program` also stands for its branches; by default every job. */
  jobs: z.array(z.string().min(1).max(500)).min(1).max(100).nullable().default(null),
})

/** What a link with Jenkins says. */
export type JenkinsSettings = z.output<typeof jenkinsSettings>

/** Which build it is. Jenkins without an address in its link is not asked, and needs none of it. */
export const jenkinsBuild = z.object({
  /** With its folders, as in Jenkins' own addresses without `job/`: `team/program/main`. */
  job: z.string().max(500).refine(isInnerPath).nullish(),
  buildNumber: idText.refine((text) => /^[1-9]\d{0,9}$/.test(text)).nullish(),
  /** Path of the archived artifact, as Jenkins lists it. */
  artifactPath: z.string().max(500).refine(isInnerPath).nullish(),
  /** Path of the archived file that has the artifact's SHA-256, where the build archived that in place of the artifact itself. */
  sha256ArtifactPath: z.string().max(500).refine(isInnerPath).nullish(),
  /** What the plugin announced of the artifact. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i)
    .transform((text) => parseSha256Digest(text, 'sha256'))
    .nullish(),
})

/** Which build it is. */
export type JenkinsBuild = z.output<typeof jenkinsBuild>

/** What Jenkins asks of links and submissions. */
export const jenkinsForms: ConnectorForms<JenkinsSettings, JenkinsBuild> = {
  kind: 'jenkins',
  settings: jenkinsSettings,
  optionalLinkSecrets: ['apiKey'],
  addresses: ({ baseUrl }) => (baseUrl === null ? [] : [baseUrl]),
  checkLink({ baseUrl, userName }, secrets) {
    if (baseUrl === null) return
    if (userName === null)
      throw linkInvalid(
        ['settings.userName: Jenkins is asked by a user; say whose API token apiKey is'],
        'settings.userName',
      )
    if (!secrets.includes('apiKey')) throw secretMissing('apiKey', 'the link of project and build system')
  },
  build: jenkinsBuild,
}

const cause = z.object({
  _class: z.string(),
  userId: z.string().nullish(),
  userName: z.string().nullish(),
})

/** What a build did: checked something out, was caused by something. Jenkins writes an empty object for what it does not export. */
const action = z.object({
  remoteUrls: z.array(repositoryText).nullish(),
  lastBuiltRevision: z
    .object({ SHA1: z.string(), branch: z.array(z.object({ name: z.string(), SHA1: z.string() })) })
    .nullish(),
  causes: z.array(cause).nullish(),
})

/** A build. */
export const buildAnswer = z.object({
  number: idText,
  url: z.string(),
  building: z.boolean(),
  result: z.string().nullable(),
  actions: z.array(action.nullable()),
  artifacts: z.array(z.object({ relativePath: z.string() })),
})

/** A build. */
export type BuildAnswer = z.output<typeof buildAnswer>

/** What is asked of a build. */
export const buildTree =
  'number,url,building,result,artifacts[relativePath],actions[remoteUrls,lastBuiltRevision[SHA1,branch[name,SHA1]],causes[userId,userName]]'

/** The folder of a job; of a multibranch project its views say what each job is of. */
export const folderAnswer = z.object({
  _class: z.string(),
  views: z.array(z.object({ name: z.string(), jobs: z.array(z.object({ name: z.string() })).nullish() })).nullish(),
})
