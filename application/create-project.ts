import { randomUUID } from 'node:crypto'
import {
  existingOrganization,
  organizationDecider,
  type ProjectId,
  parseSlug,
  projectDecider,
  projectSlugDecider,
  projectSlugTaken,
  streams,
} from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { handleCommand } from './handle-command.ts'
import { load } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { reserveSlugAndCreate } from './reserve-slug.ts'
import { projectSlugStream } from './slug-streams.ts'

/** What a project is to be. */
export type ProjectInput = {
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly repositoryUrl: string | null
}

/**
 * Creates a project. Two projects of an organization never share a slug.
 *
 * @throws Refusal `FORBIDDEN`, `ORGANIZATION_NOT_FOUND`, `PROJECT_SLUG_TAKEN`, `SLUG_MALFORMED`, `NAME_MALFORMED`,
 *   `TEXT_…`, `REPOSITORY_URL_MALFORMED`
 */
export async function createProject(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  requester: Requester,
  input: ProjectInput,
): Promise<{ readonly projectId: ProjectId }> {
  const { organizationId } = requester
  const slug = parseSlug(input.slug, "The project's slug")
  const create = (projectId: ProjectId) => ({ type: 'CreateProject', projectId, organizationId, ...input }) as const
  const newId = () => randomUUID() as ProjectId
  // Refuses what is malformed before the slug is taken.
  projectDecider.decide(create(newId()), projectDecider.initialState())
  existingOrganization((await load(dependencies.log, streams.organization(organizationId), organizationDecider)).state)
  const projectId = await reserveSlugAndCreate(dependencies, requester, {
    slugStream: projectSlugStream(organizationId, slug),
    slugDecider: projectSlugDecider,
    reserve: (id: ProjectId) => ({ type: 'ReserveProjectSlug', organizationId, slug, projectId: id }) as const,
    newId,
    create: (id) => handleCommand(dependencies, requester, streams.project(id), projectDecider, create(id)),
    existsCode: 'PROJECT_EXISTS',
    taken: () => projectSlugTaken(slug),
  })
  return { projectId }
}
