import { type ProjectId, type SigningPolicyId, streams } from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { createProject, type ProjectHandled, type ProjectInput } from './create-project.ts'
import { createSigningPolicy, type SigningPolicyHandled, type SigningPolicyInput } from './create-signing-policy.ts'
import type { ChangeCall } from './guard.ts'
import type { BasedOn } from './handle-command.ts'
import type { ApplicationDependencies } from './ports.ts'
import {
  deactivateProject,
  type ProjectDeactivation,
  type ProjectUpdate,
  reactivateProject,
  updateProject,
} from './projects.ts'
import {
  deactivateSigningPolicy,
  reactivateSigningPolicy,
  type SigningPolicyDeactivation,
  type SigningPolicyReactivation,
  type SigningPolicyUpdate,
  updateSigningPolicy,
} from './signing-policies.ts'

/** The use cases of those who administer projects and signing policies. */
export interface ProjectAdministration {
  /** Creates a project. @throws Refusal `FORBIDDEN`, `PROJECT_SLUG_TAKEN`, `SLUG_MALFORMED`, … */
  createProject(requester: Requester, input: ProjectInput): Promise<ProjectHandled>

  /** Gives a project other settings. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as the project's decider */
  updateProject(requester: Requester, input: ProjectUpdate): Promise<ProjectHandled>

  /** Puts a project out of use. @throws Refusal `FORBIDDEN`, `PROJECT_NOT_FOUND`, `PROJECT_INACTIVE`, `CHANGE_STALE` */
  deactivateProject(requester: Requester, input: ProjectDeactivation): Promise<ProjectHandled>

  /** Puts a project into use again. @throws Refusal `FORBIDDEN`, `PROJECT_NOT_FOUND`, `PROJECT_ACTIVE`, `CHANGE_STALE` */
  reactivateProject(requester: Requester, input: BasedOn & { readonly projectId: ProjectId }): Promise<ProjectHandled>

  /** Creates a signing policy. @throws Refusal `FORBIDDEN`, `SIGNING_POLICY_SLUG_TAKEN`, and as its decider */
  createSigningPolicy(requester: Requester, input: SigningPolicyInput): Promise<SigningPolicyHandled>

  /** Gives a signing policy a new version. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  updateSigningPolicy(requester: Requester, input: SigningPolicyUpdate): Promise<SigningPolicyHandled>

  /** Puts a signing policy out of use. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  deactivateSigningPolicy(requester: Requester, input: SigningPolicyDeactivation): Promise<SigningPolicyHandled>

  /** Puts a signing policy into use again. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  reactivateSigningPolicy(requester: Requester, input: SigningPolicyReactivation): Promise<SigningPolicyHandled>
}

/** Puts them together, each behind the guard. */
export function createProjectAdministration(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now' | 'administrators'>,
  change: ChangeCall,
): ProjectAdministration {
  const stream = ({ projectId }: { readonly projectId: ProjectId }) => streams.project(projectId)
  const policyStream = ({ signingPolicyId }: { readonly signingPolicyId: SigningPolicyId }) =>
    streams.signingPolicy(signingPolicyId)
  return {
    createProject: (requester, input) =>
      change('createProject', requester, undefined, () => createProject(dependencies, requester, input)),
    updateProject: (requester, input) =>
      change('updateProject', requester, stream(input), () => updateProject(dependencies, requester, input)),
    deactivateProject: (requester, input) =>
      change('deactivateProject', requester, stream(input), () => deactivateProject(dependencies, requester, input)),
    reactivateProject: (requester, input) =>
      change('reactivateProject', requester, stream(input), () => reactivateProject(dependencies, requester, input)),
    createSigningPolicy: (requester, input) =>
      change('createSigningPolicy', requester, stream(input), () =>
        createSigningPolicy(dependencies, requester, input),
      ),
    updateSigningPolicy: (requester, input) =>
      change('updateSigningPolicy', requester, policyStream(input), () =>
        updateSigningPolicy(dependencies, requester, input),
      ),
    deactivateSigningPolicy: (requester, input) =>
      change('deactivateSigningPolicy', requester, policyStream(input), () =>
        deactivateSigningPolicy(dependencies, requester, input),
      ),
    reactivateSigningPolicy: (requester, input) =>
      change('reactivateSigningPolicy', requester, policyStream(input), () =>
        reactivateSigningPolicy(dependencies, requester, input),
      ),
  }
}
