import { type ProjectId, parseSlug, Refusal, type SigningPolicyId } from '../domain/index.ts'
import type { GraphQLContext } from './context.ts'
import { isEntityId, parseEntityId } from './global-id.ts'

/** A project named by its id (UUID or node id) or its slug; `undefined` when there is none with that slug. */
export async function projectIdOf(text: string, context: GraphQLContext): Promise<ProjectId | undefined> {
  if (isEntityId(text, 'Project')) return parseEntityId<ProjectId>(text, 'Project')
  const { readModel, caller } = context
  const project = await readModel.projectBySlug(caller.organizationId, parseSlug(text, "The project's slug"))
  return project?.projectId
}

/**
 * A policy named by its id (UUID or node id), or by its slug in a project; `undefined` when there is none.
 *
 * @throws Refusal `PROJECT_NEEDED` for a slug without a project
 */
export async function signingPolicyIdOf(
  text: string,
  projectId: ProjectId | undefined,
  { readModel, caller }: GraphQLContext,
): Promise<SigningPolicyId | undefined> {
  if (isEntityId(text, 'SigningPolicy')) return parseEntityId<SigningPolicyId>(text, 'SigningPolicy')
  const slug = parseSlug(text, "The signing policy's slug")
  if (projectId === undefined)
    throw new Refusal('PROJECT_NEEDED', 'Slugs of signing policies are unique in a project only: name the project too.')
  const first = { direction: 'forward', size: 1 } as const
  const { items } = await readModel.listSigningPolicies(caller.organizationId, { projectId, slug }, first)
  return items[0]?.item.signingPolicyId
}
