import { type ProjectId, projectDecider, Refusal, relationsToProject, streams } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { authorize } from './authorize.ts'
import { isSetup, type Requester } from './caller.ts'
import { loadOwn } from './load.ts'
import { principalFor } from './principals.ts'

/**
 * Refuses who may not administer a web hook, or read what it was told. A project's configurators may, as the project names them
 * now; those of the whole organization Global Administrators administer.
 *
 * @throws Refusal `FORBIDDEN`, `PROJECT_NOT_FOUND`
 */
export async function authorizeWebHook(
  log: EventLog,
  requester: Requester,
  what: 'administer' | 'readDeliveries',
  projectId: ProjectId | null,
): Promise<void> {
  const permission = what === 'administer' ? 'administerWebHooks' : 'readWebHookDeliveries'
  if (projectId === null)
    return authorize(requester, what === 'administer' ? 'administerOrganizationWebHooks' : permission)
  const { state: project } = await loadOwn(log, streams.project(projectId), projectDecider, requester)
  if (project.status === 'none') throw new Refusal('PROJECT_NOT_FOUND', `There is no project ${projectId}.`)
  if (isSetup(requester) || !('userId' in requester)) return authorize(requester, permission)
  const principal = await principalFor(log, requester, project.configurators)
  authorize(requester, permission, relationsToProject(principal, project))
}
