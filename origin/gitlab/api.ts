import { type output, type ZodType, z } from 'zod'
import type { OriginEvidence, VerifiedOrigin } from '../../domain/index.ts'
import type { ConnectorTools } from '../connector.ts'
import { askPages, pathOf } from '../http-api/index.ts'
import type { ApiAnswer } from '../http-api.ts'
import type { OriginErrorCode } from '../origin-error.ts'
import { type CheckList, commitText, idText, readAnswer, statusRefused, withoutTokens } from '../reading/index.ts'
import { type GitLabSettings, isHostedByGitLab } from './settings.ts'

/** What the token of the link or of the submission must be allowed. */
export const permission = 'read_api'

const person = z.object({ id: idText, username: z.string().nullish() }).nullish()

/** A project (GitLab REST API v4, Projects). */
export const projectAnswer = z.object({
  id: idText,
  path_with_namespace: z.string().min(1),
  web_url: z.string().min(1),
  namespace: z.object({ id: idText }),
})

/** A job (GitLab REST API v4, Jobs). */
export const jobAnswer = z.object({
  id: idText,
  status: z.string(),
  ref: z.string().min(1),
  tag: z.boolean(),
  commit: z.object({ id: commitText }),
  pipeline: z.object({ id: idText, project_id: idText.nullish() }),
  user: person,
  artifacts_file: z.object({ filename: z.string() }).nullish(),
  runner: z.object({ id: idText, runner_type: z.string().nullish() }).nullish(),
})

/** A job. */
export type Job = output<typeof jobAnswer>

/** A pipeline (GitLab REST API v4, Pipelines). */
export const pipelineAnswer = z.object({
  id: idText,
  source: z.string().min(1),
  ref: z.string().min(1),
  sha: commitText,
  tag: z.boolean().nullish(),
})

/** A branch or a tag (GitLab REST API v4, Branches, Tags). */
export const refAnswer = z.object({ name: z.string(), protected: z.boolean() })

const refsOfCommit = z.array(z.object({ type: z.string(), name: z.string() }))

/** The API of one project. */
export type ProjectApi = {
  /** Asks, adds the check, and keeps the answer as evidence under the check's name. */
  readonly read: <Schema extends ZodType>(
    path: readonly string[],
    question: {
      readonly check: string
      readonly what: string
      readonly missing: OriginErrorCode
      readonly schema: Schema
    },
  ) => Promise<output<Schema> | undefined>
  /** Whether a branch or tag contains a commit; adds the check, and keeps the answers as evidence. */
  readonly contains: (ref: VerifiedOrigin['ref'], commitId: string) => Promise<boolean>
  readonly evidence: readonly OriginEvidence[]
}

/** Headers by which GitLab takes an access token of a project, group or person; none for projects that everybody may see. */
export function headersOf({ secrets }: Pick<ConnectorTools, 'secrets'>): Readonly<Record<string, string>> {
  const token = secrets.accessToken ?? secrets.apiKey
  return token === undefined ? {} : { 'private-token': token.reveal() }
}

/** Opens the API of the project that the link names. */
export function projectApi(checks: CheckList, tools: ConnectorTools, { projectId }: GitLabSettings): ProjectApi {
  const evidence: OriginEvidence[] = []
  const headers = headersOf(tools)
  const keep = async (check: string, { bytes }: ApiAnswer) =>
    void evidence.push(await tools.keep(check, 'application/json', withoutTokens(bytes, 'GitLab')))
  return {
    evidence,
    async read(path, { check, what, missing, schema }) {
      const answer = await tools.api.ask({ path: pathOf('projects', projectId, ...path), headers })
      await keep(check, answer)
      return readAnswer(checks, answer, schema, { system: 'GitLab', check, what, permission, missing })
    },
    async contains({ kind, name }, commitId) {
      const path = pathOf('projects', projectId, 'repository', 'commits', commitId, 'refs')
      const pages = await askPages(tools.api, { path, headers, query: { type: kind, per_page: 100 } }, 20)
      for (const page of pages) await keep('commitOnRef', page)
      const parsed = pages.map((page) => (page.status === 200 ? refsOfCommit.safeParse(page.json()).data : undefined))
      const isThere = parsed.flatMap((refs) => refs ?? []).some((ref) => ref.type === kind && ref.name === name)
      const status = pages.at(-1)?.status ?? 200
      const subject = { system: 'GitLab', check: 'commitOnRef', what: `the commit ${commitId}`, permission }
      const refused = statusRefused(status, { ...subject, missing: 'ORIGIN_COMMIT_NOT_ON_REF' })
      const absent = {
        code: 'ORIGIN_COMMIT_NOT_ON_REF',
        message: `The ${kind} ${name} does not hold the commit ${commitId}, or not any more. Build what stands there now.`,
      } as const
      return checks.add('commitOnRef', { commit: commitId, kind, ref: name, status }, refused ?? (!isThere && absent))
    },
  }
}

/** Where a job ran, by the type of its runner: never by its tags or description, which anybody can write. */
export function runnersOfJob({ runner }: Job, settings: GitLabSettings): VerifiedOrigin['build']['runners'] {
  if (runner?.runner_type == null) return 'unknown'
  return runner.runner_type === 'instance_type' && isHostedByGitLab(settings) ? 'hosted' : 'selfHosted'
}
