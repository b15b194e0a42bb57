import { randomUUID } from 'node:crypto'
import { organizationDecider, type ProjectId, projectDecider, streams } from '../domain/index.ts'
import { handleCommand } from './handle-command.ts'
import type { Initiator } from './initiator.ts'
import type { ApplicationDependencies } from './ports.ts'
import { requireRole } from './require-role.ts'

/**
 * Creates a project. Its slug is reserved in the organization first, so two projects never share one.
 *
 * @throws Refusal `FORBIDDEN`, `PROJECT_SLUG_TAKEN`, `SLUG_MALFORMED`, `NAME_MALFORMED`, `TEXT_…`, `REPOSITORY_URL_MALFORMED`
 */
export async function createProject(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  initiator: Initiator,
  input: {
    readonly slug: string
    readonly name: string
    readonly description: string | null
    readonly repositoryUrl: string | null
  },
): Promise<{ readonly projectId: ProjectId }> {
  requireRole(initiator, 'projectAdministrator')
  const projectId = randomUUID() as ProjectId
  const { organizationId } = initiator
  const create = { type: 'CreateProject', projectId, organizationId, ...input } as const
  // Refuses what is malformed before the slug is taken.
  projectDecider.decide(create, projectDecider.initialState())
  const reserve = { type: 'ReserveProjectSlug', slug: input.slug, projectId } as const
  await handleCommand(dependencies, initiator, streams.organization(organizationId), organizationDecider, reserve)
  await handleCommand(dependencies, initiator, streams.project(projectId), projectDecider, create)
  return { projectId }
}
