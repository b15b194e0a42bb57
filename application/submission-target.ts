import {
  organizationDecider,
  type Project,
  type ProjectId,
  projectDecider,
  Refusal,
  type SigningPolicy,
  type SigningPolicyId,
  signingPolicyDecider,
  streams,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { Caller } from './caller.ts'
import { load, loadOwn } from './load.ts'

/** Where a submission goes, in whatever state project and policy are. */
export type SubmissionTarget = { readonly project: Project; readonly policy: SigningPolicy }

/**
 * Finds project and signing policy, each by its slug or id.
 *
 * @throws Refusal `PROJECT_NOT_FOUND`, also for those of other organizations; `SIGNING_POLICY_NOT_FOUND`
 */
export async function findTarget(
  { log }: { readonly log: EventLog },
  caller: Caller,
  names: { readonly project: string; readonly signingPolicy: string },
): Promise<SubmissionTarget> {
  const project = await findProject(log, caller, names.project)
  return { project, policy: await findPolicy(log, project, names.signingPolicy) }
}

async function findProject(log: EventLog, caller: Caller, name: string): Promise<Project> {
  const { state: organization } = await load(log, streams.organization(caller.organizationId), organizationDecider)
  const slugs = organization.status === 'none' ? {} : organization.projectSlugs
  const id = named(slugs, name) ?? (name.toLowerCase() as ProjectId)
  const { state } = await loadOwn(log, streams.project(id), projectDecider, caller)
  if (state.status === 'none')
    throw new Refusal('PROJECT_NOT_FOUND', `There is no project ${JSON.stringify(name.slice(0, 100))}.`)
  return state
}

async function findPolicy(log: EventLog, project: Project, name: string): Promise<SigningPolicy> {
  const id = named(project.signingPolicySlugs, name) ?? (name.toLowerCase() as SigningPolicyId)
  const { state } = await load(log, streams.signingPolicy(id), signingPolicyDecider)
  if (state.status === 'none' || state.projectId !== project.projectId)
    throw new Refusal(
      'SIGNING_POLICY_NOT_FOUND',
      `The project ${project.slug} has no signing policy ${JSON.stringify(name.slice(0, 100))}; it has: ${Object.keys(project.signingPolicySlugs).join(', ') || 'none'}.`,
    )
  return state
}

function named<Id>(slugs: Readonly<Record<string, Id>>, name: string): Id | undefined {
  const slug = name.toLowerCase()
  return Object.hasOwn(slugs, slug) ? slugs[slug] : undefined
}
