import { randomUUID } from 'node:crypto'
import {
  existingOrganization,
  type Instant,
  organizationDecider,
  parseSlug,
  streams,
  type TrustedBuildSystemCommand,
  type TrustedBuildSystemId,
  type TrustedBuildSystemKind,
  type TrustedBuildSystemSettings,
  type TrustedBuildSystemTokenId,
  trustedBuildSystemDecider,
  trustedBuildSystemSlugDecider,
  trustedBuildSystemSlugTaken,
} from '../domain/index.ts'
import { newBuildSystemToken } from './api-token.ts'
import type { Requester } from './caller.ts'
import { type BasedOn, type Handled, handleCommand } from './handle-command.ts'
import { load } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { reserveSlugAndCreate } from './reserve-slug.ts'
import { trustedBuildSystemSlugStream } from './slug-streams.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now'>

/** What a trusted build system is to be. */
export type TrustedBuildSystemInput = TrustedBuildSystemSettings & {
  readonly slug: string
  readonly kind: TrustedBuildSystemKind
}

/** What became of the change of a trusted build system. */
export type TrustedBuildSystemHandled = Handled & { readonly trustedBuildSystemId: TrustedBuildSystemId }

/** A token that was made for a trusted build system. */
export type IssuedBuildSystemToken = TrustedBuildSystemHandled & {
  readonly tokenId: TrustedBuildSystemTokenId
  /** The token itself, which is shown this once. */
  readonly token: string
}

/** What a trusted build system is to be from now on, made from what the requester saw. */
export type TrustedBuildSystemUpdate = TrustedBuildSystemSettings & {
  readonly trustedBuildSystemId: TrustedBuildSystemId
  readonly basedOnRevision: number
}

/** Whose token is to be replaced. */
export type BuildSystemTokenRotation = BasedOn & {
  readonly trustedBuildSystemId: TrustedBuildSystemId
  /** Until when the one before works beside the new one; `null`: not at all. */
  readonly previousTokenValidUntil: Instant | null
}

/** Which trusted build system is to be disabled, and why. */
export type TrustedBuildSystemDisabling = BasedOn & {
  readonly trustedBuildSystemId: TrustedBuildSystemId
  readonly reason: string | null
}

/**
 * Creates a trusted build system with its first token, whose text is answered once and kept nowhere. Two of an organization
 * never share a slug.
 *
 * @throws Refusal `FORBIDDEN`, `ORGANIZATION_NOT_FOUND`, `TRUSTED_BUILD_SYSTEM_SLUG_TAKEN`, and as its decider
 */
export async function createTrustedBuildSystem(
  dependencies: Dependencies,
  requester: Requester,
  { name, description, kind, slug: text }: TrustedBuildSystemInput,
): Promise<IssuedBuildSystemToken> {
  const { organizationId } = requester
  const slug = parseSlug(text, "The trusted build system's slug")
  const newId = () => randomUUID() as TrustedBuildSystemId
  const creation = (trustedBuildSystemId: TrustedBuildSystemId) => {
    const { text: token, facts } = newTokenOf(trustedBuildSystemId)
    const described = { trustedBuildSystemId, organizationId, slug, kind, name, description }
    return { token, command: { type: 'CreateTrustedBuildSystem', ...described, token: facts } as const }
  }
  // Refuses what is malformed before the slug is taken.
  trustedBuildSystemDecider.decide(creation(newId()).command, trustedBuildSystemDecider.initialState())
  existingOrganization((await load(dependencies.log, streams.organization(organizationId), organizationDecider)).state)
  const { id: trustedBuildSystemId, created } = await reserveSlugAndCreate(dependencies, requester, {
    slugStream: trustedBuildSystemSlugStream(organizationId, slug),
    slugDecider: trustedBuildSystemSlugDecider,
    reserve: (id: TrustedBuildSystemId) =>
      ({ type: 'ReserveTrustedBuildSystemSlug', organizationId, slug, trustedBuildSystemId: id }) as const,
    newId,
    create: async (id) => {
      const { token, command } = creation(id)
      const handled = await send(dependencies, requester, id, command, {})
      return { ...handled, tokenId: command.token.tokenId, token }
    },
    existsCode: 'TRUSTED_BUILD_SYSTEM_EXISTS',
    taken: () => trustedBuildSystemSlugTaken(slug),
  })
  return { ...created, trustedBuildSystemId }
}

/**
 * Gives a trusted build system another name and description; slug and kind are for good.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `CHANGE_STALE`, and as its decider
 */
export function updateTrustedBuildSystem(
  dependencies: Dependencies,
  requester: Requester,
  { trustedBuildSystemId, basedOnRevision, name, description }: TrustedBuildSystemUpdate,
): Promise<TrustedBuildSystemHandled> {
  const command = { type: 'ChangeTrustedBuildSystem', name, description } as const
  return send(dependencies, requester, trustedBuildSystemId, command, { basedOnRevision })
}

/**
 * Gives a trusted build system a new token, whose text is answered once and kept nowhere. The one before stops at once, or at
 * the moment that is named.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `TRUSTED_BUILD_SYSTEM_TOKEN_OVERLAP`, `CHANGE_STALE`
 */
export async function rotateTrustedBuildSystemToken(
  dependencies: Dependencies,
  requester: Requester,
  { trustedBuildSystemId, previousTokenValidUntil, ...basedOn }: BuildSystemTokenRotation,
): Promise<IssuedBuildSystemToken> {
  const { text, facts } = newTokenOf(trustedBuildSystemId)
  const command = { type: 'RotateToken', token: facts, previousTokenValidUntil, at: dependencies.now() } as const
  const handled = await send(dependencies, requester, trustedBuildSystemId, command, basedOn)
  return { ...handled, tokenId: facts.tokenId, token: text }
}

/**
 * Disables a trusted build system: its tokens are refused at once, and nothing is signed that it vouched for where a policy
 * demands it.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `TRUSTED_BUILD_SYSTEM_DISABLED`, `CHANGE_STALE`, `TEXT_…`
 */
export function disableTrustedBuildSystem(
  dependencies: Dependencies,
  requester: Requester,
  { trustedBuildSystemId, reason, ...basedOn }: TrustedBuildSystemDisabling,
): Promise<TrustedBuildSystemHandled> {
  return send(dependencies, requester, trustedBuildSystemId, { type: 'DisableTrustedBuildSystem', reason }, basedOn)
}

/**
 * Lets a trusted build system vouch again, by the tokens that it has.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `TRUSTED_BUILD_SYSTEM_ENABLED`, `CHANGE_STALE`
 */
export function enableTrustedBuildSystem(
  dependencies: Dependencies,
  requester: Requester,
  { trustedBuildSystemId, ...basedOn }: BasedOn & { readonly trustedBuildSystemId: TrustedBuildSystemId },
): Promise<TrustedBuildSystemHandled> {
  return send(dependencies, requester, trustedBuildSystemId, { type: 'EnableTrustedBuildSystem' }, basedOn)
}

function newTokenOf(trustedBuildSystemId: TrustedBuildSystemId) {
  const { text, hash: tokenHash, prefix } = newBuildSystemToken(trustedBuildSystemId)
  return { text, facts: { tokenId: randomUUID() as TrustedBuildSystemTokenId, tokenHash, prefix } }
}

async function send(
  dependencies: Dependencies,
  requester: Requester,
  trustedBuildSystemId: TrustedBuildSystemId,
  command: TrustedBuildSystemCommand,
  basedOn: BasedOn,
): Promise<TrustedBuildSystemHandled> {
  const stream = streams.trustedBuildSystem(trustedBuildSystemId)
  const handled = await handleCommand(dependencies, requester, stream, trustedBuildSystemDecider, command, basedOn)
  return { trustedBuildSystemId, ...handled }
}
