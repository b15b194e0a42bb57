import { z } from 'zod'
import { numericId as id, commitText as sha } from '../reading/index.ts'

// What is needed of the answers of GitHub's REST API (version 2022-11-28). Everything else in them is passed over: fields are added
// without notice.

const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString())
const account = z.object({ id, login: z.string() })

/** `GET /repos/{owner}/{repo}`. */
export const repositoryAnswer = z.object({
  id,
  full_name: z.string().regex(/^[^/]+\/[^/]+$/),
  html_url: z.string(),
  default_branch: z.string().min(1),
  owner: account.extend({ type: z.string() }),
})
/** A repository, as GitHub answers. */
export type Repository = z.output<typeof repositoryAnswer>

/** `GET /repos/{owner}/{repo}/actions/runs/{run_id}`. */
export const runAnswer = z.object({
  id,
  run_attempt: z.number().int().min(1),
  status: z.string().nullable(),
  conclusion: z.string().nullable(),
  event: z.string(),
  head_branch: z.string().nullable(),
  head_sha: sha,
  html_url: z.string(),
  /** The workflow file; with `@` and a ref behind it where the workflow is another repository's. */
  path: z.string(),
  repository: z.object({ id }),
  head_repository: z.object({ id }).nullable(),
  actor: account.nullish(),
  triggering_actor: account.nullish(),
})
/** A run, as GitHub answers. */
export type Run = z.output<typeof runAnswer>

/** `GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}`. */
export const attemptAnswer = z.object({ run_attempt: z.number().int(), run_started_at: moment })

/** `GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs`. */
export const jobsAnswer = z.object({
  total_count: z.number().int(),
  jobs: z.array(
    z.object({
      id,
      run_id: id,
      run_attempt: z.number().int().min(1),
      name: z.string(),
      steps: z.array(z.unknown()).nullish(),
      runner_id: id.nullish(),
      runner_name: z.string().nullish(),
      runner_group_id: id.nullish(),
      runner_group_name: z.string().nullish(),
    }),
  ),
})
/** A job, as GitHub answers. */
export type Job = z.output<typeof jobsAnswer>['jobs'][number]

/** `GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}`. */
export const artifactAnswer = z.object({
  id,
  name: z.string().min(1),
  expired: z.boolean(),
  created_at: moment,
  /** `sha256:…` of what was uploaded; not there on older servers, and for artifacts of older uploads. */
  digest: z.string().nullish(),
  workflow_run: z.object({ id, repository_id: id, head_repository_id: id.nullish(), head_sha: sha.nullish() }),
})
/** An artifact, as GitHub answers. */
export type ArtifactFacts = z.output<typeof artifactAnswer>

/** `GET /repos/{owner}/{repo}/git/ref/{ref}` and `…/git/tags/{tag_sha}`. */
export const refAnswer = z.object({ ref: z.string(), object: z.object({ type: z.string(), sha }) })
export const tagAnswer = z.object({ object: z.object({ type: z.string(), sha }) })

/** `GET /repos/{owner}/{repo}/compare/{basehead}`. */
export const compareAnswer = z.object({ status: z.string() })

/** `GET /repos/{owner}/{repo}/rules/branches/{branch}`. */
export const branchRulesAnswer = z.array(z.object({ type: z.string(), ruleset_id: id }))

/** `GET /repos/{owner}/{repo}/rulesets`. */
export const rulesetListAnswer = z.array(z.object({ id, target: z.string().nullish(), enforcement: z.string() }))

/** `GET /repos/{owner}/{repo}/rulesets/{ruleset_id}`. Who may bypass it is said only to who may change it. */
export const rulesetAnswer = z.object({
  id,
  name: z.string(),
  target: z.string().nullish(),
  source_type: z.string().nullish(),
  source: z.string().nullish(),
  enforcement: z.string(),
  bypass_actors: z
    .array(z.object({ actor_id: id.nullish(), actor_type: z.string().nullish(), bypass_mode: z.string().nullish() }))
    .nullish(),
  created_at: moment.nullish(),
  updated_at: moment.nullish(),
  rules: z.array(z.object({ type: z.string(), parameters: z.record(z.string(), z.unknown()).nullish() })).nullish(),
})

/** `GET /repos/{owner}/{repo}/contents/{path}`. */
export const contentAnswer = z.object({
  type: z.string(),
  encoding: z.string().nullish(),
  content: z.string().nullish(),
})
