import { failedCheck, type OriginCheck, passedCheck } from '../../domain/index.ts'
import { pathOf } from '../http-api/index.ts'
import type { BuildFacts, JobFacts } from '../pipeline-policies/index.ts'
import { type Job, jobsAnswer, type Repository, type Run } from './answers.ts'
import type { GitHubClient } from './client.ts'
import { type GitHubSettings, hostedGroupsOf } from './settings.ts'

/** The jobs of a run, and whether all of them are known. */
export type FoundJobs = { readonly facts: BuildFacts; readonly check: OriginCheck }

/** Asks for the jobs of every attempt of a run: a re-run of failed jobs leaves the others as an earlier attempt made them. */
export async function findJobs(
  client: GitHubClient,
  { full_name }: Repository,
  run: Run,
  settings: GitHubSettings,
): Promise<FoundJobs> {
  const pages = await client.list({
    name: 'jobs',
    path: pathOf('repos', ...full_name.split('/'), 'actions', 'runs', run.id, 'jobs'),
    query: { filter: 'all' },
    schema: jobsAnswer,
    permission: 'actions: read',
  })
  const jobs = pages.flatMap((page) => page.jobs)
  const hostedGroups = hostedGroupsOf(settings)
  const facts = {
    attempts: Math.max(run.run_attempt, ...jobs.map(({ run_attempt }) => run_attempt)),
    jobs: jobs.map((job) => factsOf(job, hostedGroups)),
    hostedGroups,
  }
  return { facts, check: checkComplete(jobs, pages.at(-1)?.total_count ?? 0, run) }
}

/** Whether a machine is GitHub's is known by the id of its group alone: labels and names can be any. */
function factsOf(job: Job, hostedGroups: BuildFacts['hostedGroups']): JobFacts {
  const groupId = job.runner_group_id ?? null
  const isGitHubs = hostedGroups.some(({ id }) => id === groupId)
  return {
    id: job.id,
    name: job.name,
    attempt: job.run_attempt,
    hasSteps: (job.steps ?? []).length > 0,
    group: { id: groupId, name: job.runner_group_name ?? null },
    runner: { id: job.runner_id ?? null, name: job.runner_name ?? null },
    isHosted: groupId === null ? null : isGitHubs,
  }
}

function checkComplete(jobs: readonly Job[], total: number, run: Run): OriginCheck {
  const attempts = new Set(jobs.map(({ run_attempt }) => run_attempt))
  const missing = Array.from({ length: Math.min(run.run_attempt, 1_000) }, (_, index) => index + 1).filter(
    (attempt) => !attempts.has(attempt),
  )
  const compared = {
    jobs: jobs.length,
    jobsByGitHub: total,
    attempts: run.run_attempt,
    attemptsWithoutJobs: missing.length === 0 ? null : missing.slice(0, 20).join(', '),
    runners: runnersText(jobs),
  }
  if (jobs.length >= total && missing.length === 0 && jobs.every(({ run_id }) => run_id === run.id))
    return passedCheck('jobs', compared)
  return failedCheck(
    'jobs',
    {
      code: 'ORIGIN_JOBS_INCOMPLETE',
      message: `GitHub does not name all jobs of all ${run.run_attempt} attempts of the run, so that nobody can say where it ran. Begin a new build.`,
    },
    compared,
  )
}

/** Each job with its attempt, and with the group of its runner by id and name. */
function runnersText(jobs: readonly Job[]): string {
  return jobs
    .map(({ name, run_attempt, runner_group_id: id, runner_group_name: group }) =>
      id === null || id === undefined
        ? `${name} (attempt ${run_attempt})`
        : `${name} (attempt ${run_attempt}, group ${group ?? 'without name'} [id ${id}])`,
    )
    .join('; ')
}

/** Where a build ran, all its jobs together. */
export function runnersOf({ jobs }: BuildFacts): 'hosted' | 'selfHosted' | 'unknown' {
  const ran = jobs.filter(({ hasSteps }) => hasSteps)
  if (ran.some(({ isHosted }) => isHosted === false)) return 'selfHosted'
  return ran.length > 0 && ran.every(({ isHosted }) => isHosted === true) ? 'hosted' : 'unknown'
}
