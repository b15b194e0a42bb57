import { z } from 'zod'
import { failedCheck, type OriginCheck, passedCheck, type VerifiedOrigin } from '../../domain/index.ts'
import { commitText, numericId, readFullRef } from '../reading/index.ts'
import { checkEvent, checkIds } from './run-checks.ts'
import { type GitHubSettings, serverOf } from './settings.ts'

/**
 * What is needed of the claims of a job's token. Others come without notice. `sub` is not among them: owners can shape it, and its
 * form has changed.
 */
const neededClaims = z.object({
  repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  repository_id: numericId,
  repository_owner_id: numericId,
  event_name: z.string().min(1),
  ref: z.string().min(1),
  ref_type: z.string(),
  sha: commitText,
  workflow_ref: z.string().min(1),
  job_workflow_ref: z.string().min(1),
  runner_environment: z.string().nullish(),
  run_id: numericId,
  run_attempt: z.coerce.number().int().min(1),
  actor_id: numericId.nullish(),
  actor: z.string().nullish(),
  head_ref: z.string().nullish(),
  base_ref: z.string().nullish(),
})
/** What a job's token says of its build. */
export type JobClaims = z.output<typeof neededClaims>

/** What a token's claims come to. */
export type ClaimsFinding = {
  readonly claims: JobClaims | null
  readonly origin: VerifiedOrigin | null
  readonly checks: readonly OriginCheck[]
}

/**
 * Judges the claims of a job's identity token, whose signature, issuer, audience and life were checked before. Ids decide which
 * repository it is; names are for people, and `sub` is not looked at.
 */
export function judgeClaims(payload: Readonly<Record<string, unknown>>, settings: GitHubSettings): ClaimsFinding {
  const parsed = neededClaims.safeParse(payload)
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map(({ path }) => String(path[0] ?? 'all')))]
    const message = `The token does not have, in the form that is needed, the claims ${fields.join(', ')}. See whether the issuer is GitHub's, in a version that is supported.`
    return {
      claims: null,
      origin: null,
      checks: [failedCheck('claims', { code: 'ORIGIN_CLAIM_MISSING', message }, { claims: fields.join(', ') })],
    }
  }
  const claims = parsed.data
  const ref = refOf(claims)
  const checks = [
    checkPins(claims, settings),
    checkEvent(claims.event_name, settings),
    checkRef(claims, ref),
    checkWorkflow(claims, settings),
    checkCalledWorkflow(claims, settings),
  ]
  return { claims, origin: ref === null ? null : originOf(claims, ref, settings), checks }
}

/** A token proves nothing of a repository whose id is not known beforehand: its name could be anybody's. */
function checkPins(claims: JobClaims, { repositoryId, repositoryOwnerId }: GitHubSettings): OriginCheck {
  const actual = { repositoryId: claims.repository_id, repositoryOwnerId: claims.repository_owner_id }
  if (repositoryId !== undefined && repositoryOwnerId !== undefined)
    return checkIds(actual, { repositoryId, repositoryOwnerId })
  return failedCheck(
    'repositoryIds',
    {
      code: 'ORIGIN_REPOSITORY_NOT_PINNED',
      message: `The link does not name the ids of the repository and of its owner, by which tokens are known; names can be given to others. If ${claims.repository} is the right one, an administrator enters repositoryId ${claims.repository_id} and repositoryOwnerId ${claims.repository_owner_id} there.`,
    },
    actual,
  )
}

/** By the claim `ref_type`, which the ref must fit: a tag can be named like a branch. */
function refOf({ ref, ref_type }: JobClaims): VerifiedOrigin['ref'] | null {
  const full = readFullRef(ref)
  return full !== undefined && full.kind !== 'pullRequest' && full.kind === ref_type ? full : null
}

function checkRef(claims: JobClaims, ref: VerifiedOrigin['ref'] | null): OriginCheck {
  const { head_ref, base_ref } = claims
  const compared = { ref: claims.ref, refType: claims.ref_type, headRef: head_ref, baseRef: base_ref }
  const isOfPullRequest = /^refs\/pull\//.test(claims.ref) || Boolean(head_ref) || Boolean(base_ref)
  if (isOfPullRequest)
    return failedCheck(
      'ref',
      {
        code: 'ORIGIN_PULL_REQUEST',
        message: `The job ran for a pull request (${claims.ref}). Merge it, and build the branch.`,
      },
      compared,
    )
  if (ref !== null) return passedCheck('ref', compared)
  return failedCheck(
    'ref',
    {
      code: 'ORIGIN_REF_UNKNOWN',
      message: `The job ran for ${claims.ref} of the type "${claims.ref_type}", which is neither a branch nor a tag. Build a branch.`,
    },
    compared,
  )
}

/**
 * `workflow_ref` is the file that began the run. File names and refs may hold `@`, so the expected text is put together and
 * compared, and the claim never split.
 */
function checkWorkflow(claims: JobClaims, { workflow }: GitHubSettings): OriginCheck {
  const expected = workflow === undefined ? undefined : `${claims.repository}/${workflow}@${claims.ref}`
  const compared = { workflowRef: claims.workflow_ref, expected }
  if (expected === undefined || claims.workflow_ref === expected) return passedCheck('workflow', compared)
  return failedCheck(
    'workflow',
    {
      code: 'ORIGIN_WORKFLOW_DIFFERENT',
      message: `The build was made by the workflow ${claims.workflow_ref}; the link asks for ${expected}.`,
    },
    compared,
  )
}

/** `job_workflow_ref` is the file that has the job: another one only where a reusable workflow was called. */
function checkCalledWorkflow(claims: JobClaims, { calledWorkflow, workflow }: GitHubSettings): OriginCheck {
  // Where only the caller is demanded, its own jobs are what was meant.
  const expected = calledWorkflow ?? (workflow === undefined ? undefined : claims.workflow_ref)
  const compared = { jobWorkflowRef: claims.job_workflow_ref, expected }
  if (expected === undefined || claims.job_workflow_ref === expected) return passedCheck('calledWorkflow', compared)
  return failedCheck(
    'calledWorkflow',
    {
      code: 'ORIGIN_CALLED_WORKFLOW_DIFFERENT',
      message: `The job ran in the workflow ${claims.job_workflow_ref}; the link asks for ${expected}. If a reusable workflow is meant, an administrator enters it as calledWorkflow in the link.`,
    },
    compared,
  )
}

const runnersByClaim: Readonly<Record<string, VerifiedOrigin['build']['runners']>> = {
  'github-hosted': 'hosted',
  'self-hosted': 'selfHosted',
}

function originOf(claims: JobClaims, ref: VerifiedOrigin['ref'], settings: GitHubSettings): VerifiedOrigin {
  const { serverUrl, apiUrl } = serverOf(settings)
  const environment = claims.runner_environment ?? ''
  const { workflow_ref, job_workflow_ref, run_id, actor_id } = claims
  return {
    repository: {
      url: `${serverUrl}/${claims.repository}`,
      id: claims.repository_id,
      ownerId: claims.repository_owner_id,
    },
    ref,
    commitId: claims.sha,
    build: {
      id: run_id,
      url: `${serverUrl}/${claims.repository}/actions/runs/${run_id}`,
      attempt: claims.run_attempt,
      definition: workflow_ref,
      calledDefinition: job_workflow_ref === workflow_ref ? null : job_workflow_ref,
      trigger: claims.event_name,
      runners: (Object.hasOwn(runnersByClaim, environment) ? runnersByClaim[environment] : undefined) ?? 'unknown',
    },
    actors: actor_id == null ? [] : [{ role: 'initiator', system: apiUrl, id: actor_id, name: claims.actor ?? null }],
  }
}
