import {
  type Permission,
  type Project,
  type ProjectId,
  projectDecider,
  Refusal,
  relationsToProject,
  streams,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { authorize } from './authorize.ts'
import { isSetup, type Requester } from './caller.ts'
import { loadOwn } from './load.ts'
import { principalFor } from './principals.ts'

/**
 * Refuses who does not have a permission for a project, by their roles or as the project names them now.
 *
 * @returns the project
 * @throws Refusal `FORBIDDEN`, `PROJECT_NOT_FOUND`
 */
export async function authorizeForProject(
  log: EventLog,
  requester: Requester,
  permission: Permission,
  projectId: ProjectId,
): Promise<Project> {
  const { state: project } = await loadOwn(log, streams.project(projectId), projectDecider, requester)
  if (project.status === 'none') throw new Refusal('PROJECT_NOT_FOUND', `There is no project ${projectId}.`)
  if (isSetup(requester) || !('userId' in requester)) authorize(requester, permission)
  else {
    const principal = await principalFor(log, requester, project.configurators)
    authorize(requester, permission, relationsToProject(principal, project))
  }
  return project
}
