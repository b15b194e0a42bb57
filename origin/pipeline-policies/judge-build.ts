import type { BuildFacts, JobFacts } from './facts.ts'
import { type Finding, some } from './findings.ts'
import type { AllowedGroup, RunnerDemands } from './policy.ts'

/** Judges where and how often jobs ran. Jobs that did nothing do not count; those of every attempt do. */
export function judgeBuild(demands: RunnerDemands, facts: BuildFacts): Finding[] {
  const jobs = facts.jobs.filter(({ hasSteps }) => hasSteps)
  return [
    ...(demands.disallowReruns ? [judgeReruns(facts)] : []),
    ...(demands.requireHosted ? [judgeHosted(jobs)] : []),
    ...(demands.allowedGroups === null ? [] : [judgeGroups(demands.allowedGroups, jobs, facts)]),
  ]
}

function judgeReruns({ attempts, jobs }: BuildFacts): Finding {
  const last = Math.max(attempts, ...jobs.map(({ attempt }) => attempt))
  return {
    name: 'pipelinePolicyReruns',
    inputs: { attempts: String(last) },
    fault:
      last <= 1
        ? null
        : {
            code: 'PIPELINE_POLICY_RERUN',
            message: `The build ran ${last} times, and the policy disallows re-runs. Begin a new build of the present commit.`,
          },
  }
}

function judgeHosted(jobs: readonly JobFacts[]): Finding {
  const others = jobs.filter(({ isHosted }) => isHosted !== true)
  return {
    name: 'pipelinePolicyHostedRunners',
    inputs: { jobs: described(jobs) },
    fault: noJobs(jobs) ?? notHosted(others),
  }
}

function notHosted(others: readonly JobFacts[]): Finding['fault'] {
  if (others.length === 0) return null
  return {
    code: 'PIPELINE_POLICY_RUNNER_NOT_HOSTED',
    message: `The policy demands machines of the system's host for all jobs of all attempts; not known to be such are those of ${described(others)}. Run these jobs on hosted runners.`,
  }
}

function judgeGroups(allowed: readonly AllowedGroup[], jobs: readonly JobFacts[], facts: BuildFacts): Finding {
  const inputs = { allowedGroups: some(allowed.map(groupText), 20), jobs: described(jobs) }
  const name = 'pipelinePolicyRunnerGroups'
  const none = noJobs(jobs)
  if (none !== null) return { name, inputs, fault: none }
  const others = jobs.filter((job) => !allowed.some((group) => isIn(job, group, facts)))
  if (others.length > 0)
    return {
      name,
      inputs,
      fault: {
        code: 'PIPELINE_POLICY_RUNNER_GROUP_REFUSED',
        message: `Not in a group of runners that the policy allows (${some(allowed.map(groupText), 20)}) ran ${described(others)}. Run these jobs in one of them; where a group was renamed, the policy names it by its id.`,
      },
    }
  const doubtful = sharedNames(allowed, jobs)
  if (doubtful.length === 0) return { name, inputs, fault: null }
  return {
    name,
    inputs,
    fault: {
      code: 'PIPELINE_POLICY_RUNNER_GROUP_AMBIGUOUS',
      message: `Several groups of runners have one name that the policy allows: ${some(doubtful)}. Have the policy name the group by its id.`,
    },
  }
}

/** By the id where the policy says one; by the name where it does not, unless that is the host's own name for another id. */
function isIn({ group }: JobFacts, allowed: AllowedGroup, { hostedGroups }: BuildFacts): boolean {
  if (allowed.id !== null) return group.id === allowed.id
  if (group.name === null || group.name !== allowed.name) return false
  const hosted = hostedGroups.filter(({ name }) => name === group.name)
  return hosted.length === 0 || hosted.some(({ id }) => id === group.id)
}

/** Names that the policy allows and that stand for groups of several ids among the jobs. */
function sharedNames(allowed: readonly AllowedGroup[], jobs: readonly JobFacts[]): string[] {
  return allowed.flatMap(({ id, name }) => {
    if (id !== null || name === null) return []
    const ids = new Set(jobs.filter(({ group }) => group.name === name).map(({ group }) => group.id))
    return ids.size > 1 ? [`${name} (ids ${[...ids].map((one) => one ?? 'unknown').join(', ')})`] : []
  })
}

/** A build without a job that did anything would fulfil each demand. */
function noJobs(jobs: readonly JobFacts[]): Finding['fault'] {
  if (jobs.length > 0) return null
  return {
    code: 'PIPELINE_POLICY_JOBS_UNKNOWN',
    message: 'The build system names no job of this build that did anything, so that nobody can say where it ran.',
  }
}

/** Jobs with their attempt and their group by id and name. */
function described(jobs: readonly JobFacts[]): string {
  return some(
    jobs.map(({ name, attempt, group }) => `${name} (attempt ${attempt}, group ${groupText(group)})`),
    10,
  )
}

function groupText({ id, name }: AllowedGroup): string {
  return id === null ? (name ?? 'unknown') : `${name ?? 'without name'} [id ${id}]`
}
