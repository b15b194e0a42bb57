import type { ProjectId } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { authorize } from './authorize.ts'
import type { Requester } from './caller.ts'
import { authorizeForProject } from './project-access.ts'

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
  if (projectId === null) authorize(requester, what === 'administer' ? 'administerOrganizationWebHooks' : permission)
  else await authorizeForProject(log, requester, permission, projectId)
}
