import { randomUUID } from 'node:crypto'
import {
  existingOrganization,
  organizationDecider,
  type PrincipalReference,
  type ProjectId,
  parseSlug,
  projectDecider,
  projectSlugDecider,
  projectSlugTaken,
  streams,
} from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { type Handled, handleCommand } from './handle-command.ts'
import { load } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { requireNamed } from './principals.ts'
import { reserveSlugAndCreate } from './reserve-slug.ts'
import { projectSlugStream } from './slug-streams.ts'

/** What a project is to be. */
export type ProjectInput = {
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly repositoryUrl: string | null
  /** None where they are left out. */
  readonly readers?: readonly PrincipalReference[]
  readonly configurators?: readonly PrincipalReference[]
}

/** What became of the creation or change of a project. */
export type ProjectHandled = Handled & { readonly projectId: ProjectId }

/**
 * Creates a project. Two projects of an organization never share a slug.
 *
 * @throws Refusal `FORBIDDEN`, `ORGANIZATION_NOT_FOUND`, `PROJECT_SLUG_TAKEN`, `USER_NOT_FOUND`, `GROUP_NOT_FOUND`, and as the
 *   project's decider
 */
export async function createProject(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  requester: Requester,
  input: ProjectInput,
): Promise<ProjectHandled> {
  const { organizationId } = requester
  const slug = parseSlug(input.slug, "The project's slug")
  const { name, description, repositoryUrl, readers = [], configurators = [] } = input
  const settings = { name, description, repositoryUrl, readers, configurators }
  const create = (projectId: ProjectId) =>
    ({ type: 'CreateProject', projectId, organizationId, slug, ...settings }) as const
  const newId = () => randomUUID() as ProjectId
  // Refuses what is malformed before the slug is taken.
  projectDecider.decide(create(newId()), projectDecider.initialState())
  await requireNamed(dependencies.log, requester, [...readers, ...configurators])
  existingOrganization((await load(dependencies.log, streams.organization(organizationId), organizationDecider)).state)
  const { id: projectId, created } = await reserveSlugAndCreate(dependencies, requester, {
    slugStream: projectSlugStream(organizationId, slug),
    slugDecider: projectSlugDecider,
    reserve: (id: ProjectId) => ({ type: 'ReserveProjectSlug', organizationId, slug, projectId: id }) as const,
    newId,
    create: (id) => handleCommand(dependencies, requester, streams.project(id), projectDecider, create(id)),
    existsCode: 'PROJECT_EXISTS',
    taken: () => projectSlugTaken(slug),
  })
  return { projectId, ...created }
}
