import { randomUUID } from 'node:crypto'
import {
  type ProjectId,
  parseSlug,
  type SigningPolicyId,
  type SigningPolicySettings,
  signingPolicyDecider,
  signingPolicySlugDecider,
  signingPolicySlugTaken,
  streams,
} from '../domain/index.ts'
import type { Requester } from './caller.ts'
import { type Handled, handleCommand } from './handle-command.ts'
import type { ApplicationDependencies } from './ports.ts'
import { reserveSlugAndCreate } from './reserve-slug.ts'
import { settingsInContext } from './settings-in-context.ts'
import { signingPolicySlugStream } from './slug-streams.ts'

/** What a signing policy is to be, and of which project. */
export type SigningPolicyInput = {
  readonly projectId: ProjectId
  readonly slug: string
  readonly settings: SigningPolicySettings
}

/** What became of the creation or change of a signing policy. */
export type SigningPolicyHandled = Handled & { readonly signingPolicyId: SigningPolicyId }

/**
 * Creates a signing policy. Two policies of a project never share a slug.
 *
 * @throws Refusal `FORBIDDEN`, `PROJECT_NOT_FOUND`, `CERTIFICATE_NOT_FOUND`, `KEY_NOT_FOUND`, `USER_NOT_FOUND`,
 *   `GROUP_NOT_FOUND`, `SIGNING_POLICY_SLUG_TAKEN`, and as the signing policy's decider
 */
export async function createSigningPolicy(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now' | 'administrators'> &
    Partial<Pick<ApplicationDependencies, 'sourceSummaries'>>,
  requester: Requester,
  input: SigningPolicyInput,
): Promise<SigningPolicyHandled> {
  const { organizationId } = requester
  const { projectId, settings } = input
  const inContext = await settingsInContext(dependencies, requester, settings, projectId)

  const slug = parseSlug(input.slug, "The signing policy's slug")
  const create = (signingPolicyId: SigningPolicyId) =>
    ({
      type: 'CreateSigningPolicy',
      signingPolicyId,
      organizationId,
      projectId,
      slug,
      ...inContext,
    }) as const
  const newId = () => randomUUID() as SigningPolicyId
  // Refuses what is malformed before the slug is taken.
  signingPolicyDecider.decide(create(newId()), signingPolicyDecider.initialState())
  const { id: signingPolicyId, created } = await reserveSlugAndCreate(dependencies, requester, {
    slugStream: signingPolicySlugStream(projectId, slug),
    slugDecider: signingPolicySlugDecider,
    reserve: (id: SigningPolicyId) =>
      ({ type: 'ReserveSigningPolicySlug', projectId, slug, signingPolicyId: id }) as const,
    newId,
    create: (id) => handleCommand(dependencies, requester, streams.signingPolicy(id), signingPolicyDecider, create(id)),
    existsCode: 'SIGNING_POLICY_EXISTS',
    taken: () => signingPolicySlugTaken(slug),
  })
  return { signingPolicyId, ...created }
}
