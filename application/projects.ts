import { type ProjectCommand, type ProjectId, type ProjectSettings, projectDecider, streams } from '../domain/index.ts'
import type { Requester } from './caller.ts'
import type { ProjectHandled } from './create-project.ts'
import { type BasedOn, handleCommand } from './handle-command.ts'
import type { ApplicationDependencies } from './ports.ts'
import { requireNamed } from './principals.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now'>

/** What a project is to be from now on: all of it, made from what the requester saw. */
export type ProjectUpdate = ProjectSettings & { readonly projectId: ProjectId; readonly basedOnRevision: number }

/** Which project is to be put out of use, and why. */
export type ProjectDeactivation = BasedOn & { readonly projectId: ProjectId; readonly reason: string | null }

/**
 * Gives a project other settings; its slug is for good. Another repository is a change of a rule, which others may have to
 * approve.
 *
 * @throws Refusal `PROJECT_NOT_FOUND`, `CHANGE_STALE`, `USER_NOT_FOUND`, `GROUP_NOT_FOUND`, and as the project's decider
 */
export async function updateProject(
  dependencies: Dependencies,
  requester: Requester,
  { projectId, basedOnRevision, ...settings }: ProjectUpdate,
): Promise<ProjectHandled> {
  await requireNamed(dependencies.log, requester, [...settings.readers, ...settings.configurators])
  return send(dependencies, requester, projectId, { type: 'ChangeProject', ...settings }, { basedOnRevision })
}

/**
 * Puts a project out of use: nothing of it is signed from now on, also what is under way.
 *
 * @throws Refusal `PROJECT_NOT_FOUND`, `PROJECT_INACTIVE`, `CHANGE_STALE`, `TEXT_…`
 */
export function deactivateProject(
  dependencies: Dependencies,
  requester: Requester,
  { projectId, reason, ...basedOn }: ProjectDeactivation,
): Promise<ProjectHandled> {
  return send(dependencies, requester, projectId, { type: 'DeactivateProject', reason }, basedOn)
}

/**
 * Puts a project into use again.
 *
 * @throws Refusal `PROJECT_NOT_FOUND`, `PROJECT_ACTIVE`, `CHANGE_STALE`
 */
export function reactivateProject(
  dependencies: Dependencies,
  requester: Requester,
  { projectId, ...basedOn }: BasedOn & { readonly projectId: ProjectId },
): Promise<ProjectHandled> {
  return send(dependencies, requester, projectId, { type: 'ReactivateProject' }, basedOn)
}

async function send(
  dependencies: Dependencies,
  requester: Requester,
  projectId: ProjectId,
  command: ProjectCommand,
  basedOn: BasedOn,
): Promise<ProjectHandled> {
  const stream = streams.project(projectId)
  return { projectId, ...(await handleCommand(dependencies, requester, stream, projectDecider, command, basedOn)) }
}
