import {
  asId,
  asSlug,
  type Project,
  type ProjectId,
  projectDecider,
  projectSlugDecider,
  Refusal,
  requireProjectInScope,
  type SigningPolicy,
  type SigningPolicyId,
  signingPolicyDecider,
  signingPolicySlugDecider,
  streams,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { Caller } from './caller.ts'
import { load, loadOwn } from './load.ts'
import { projectSlugStream, signingPolicySlugStream } from './slug-streams.ts'

type Dependencies = { readonly log: EventLog }

/** Where a submission goes, in whatever state project and policy are. */
export type SubmissionTarget = { readonly project: Project; readonly policy: SigningPolicy }

/**
 * Finds project and signing policy, each by its slug or id.
 *
 * @throws Refusal `PROJECT_NOT_FOUND`, also for those of other organizations; `SIGNING_POLICY_NOT_FOUND`,
 *   `API_TOKEN_SCOPE_EXCEEDED`
 */
export async function findTarget(
  dependencies: Dependencies,
  caller: Caller,
  names: { readonly project: string | null; readonly signingPolicy: string },
): Promise<SubmissionTarget> {
  if (names.project === null) return findTargetOfPolicy(dependencies, caller, names.signingPolicy)
  const project = await findProject(dependencies, caller, names.project)
  requireProjectInScope(caller.scope, project.projectId)
  return { project, policy: await findPolicy(dependencies, project, names.signingPolicy) }
}

/** The target that a policy's id alone says. */
async function findTargetOfPolicy({ log }: Dependencies, caller: Caller, name: string): Promise<SubmissionTarget> {
  const id = asId<SigningPolicyId>(name)
  const policy = id && (await load(log, streams.signingPolicy(id), signingPolicyDecider)).state
  const project =
    policy && policy.status !== 'none'
      ? (await loadOwn(log, streams.project(policy.projectId), projectDecider, caller)).state
      : undefined
  if (policy === undefined || policy.status === 'none' || project === undefined || project.status === 'none')
    throw new Refusal(
      'SIGNING_POLICY_NOT_FOUND',
      `There is no signing policy of the id ${JSON.stringify(name.slice(0, 100))}. Without a project a policy is named by its id.`,
    )
  requireProjectInScope(caller.scope, project.projectId)
  return { project, policy }
}

// Each slug has a stream of its own: this costs the same however many projects there are.
async function findProject({ log }: Dependencies, caller: Caller, name: string): Promise<Project> {
  const slug = asSlug(name)
  const slugStream = slug && projectSlugStream(caller.organizationId, slug)
  const holder = slugStream && (await load(log, slugStream, projectSlugDecider)).state.holder
  for (const id of [holder, asId<ProjectId>(name)]) {
    const state = id && (await loadOwn(log, streams.project(id), projectDecider, caller)).state
    if (state && state.status !== 'none') return state
  }
  throw new Refusal('PROJECT_NOT_FOUND', `There is no project ${JSON.stringify(name.slice(0, 100))}.`)
}

async function findPolicy({ log }: Dependencies, project: Project, name: string): Promise<SigningPolicy> {
  const slug = asSlug(name)
  const slugStream = slug && signingPolicySlugStream(project.projectId, slug)
  const holder = slugStream && (await load(log, slugStream, signingPolicySlugDecider)).state.holder
  for (const id of [holder, asId<SigningPolicyId>(name)]) {
    const state = id && (await load(log, streams.signingPolicy(id), signingPolicyDecider)).state
    if (state && state.status !== 'none' && state.projectId === project.projectId) return state
  }
  throw new Refusal(
    'SIGNING_POLICY_NOT_FOUND',
    `The project ${project.slug} has no signing policy ${JSON.stringify(name.slice(0, 100))}. Name one by its slug or id, as \`countersign policy list\` shows them.`,
  )
}
