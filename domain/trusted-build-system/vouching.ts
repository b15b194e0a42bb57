import type { VoucherMethod } from '../actor.ts'
import { isSameDigest } from '../digest.ts'
import type { Instant } from '../event.ts'
import type { ProjectId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { requireLinked } from './links.ts'
import {
  existingTrustedBuildSystem,
  refuseIfDisabled,
  type TrustedBuildSystem,
  type TrustedBuildSystemState,
  type TrustedBuildSystemToken,
} from './state.ts'

/**
 * Finds the token that came with a call, by its hash.
 *
 * @param state of the build system that the token names; one of another organization is none
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_TOKEN_INVALID` when there is no such token, `TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED`,
 *   `TRUSTED_BUILD_SYSTEM_DISABLED`
 */
export function usableBuildSystemToken(
  state: TrustedBuildSystemState,
  tokenHash: string,
  at: Instant,
): TrustedBuildSystemToken {
  const token =
    state.status === 'none' ? undefined : state.tokens.find((each) => isSameDigest(each.tokenHash, tokenHash))
  if (state.status === 'none' || token === undefined)
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_TOKEN_INVALID',
      'The token of the trusted build system is not known. Check that it was copied whole.',
    )
  if (!worksAt(token, at))
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED',
      `The token ${token.tokenId} of the trusted build system ${state.slug} was replaced. Use the new one.`,
    )
  refuseIfDisabled(state)
  return token
}

/** Whether a token works at a moment. */
export function worksAt({ status, validUntil }: TrustedBuildSystemToken, at: Instant): boolean {
  return status === 'current' || (status === 'replaced' && validUntil !== null && at < validUntil)
}

/** What is asked of a submission to a policy that demands a trusted build system. */
export type VouchedSubmission = {
  readonly submitterKind: 'interactive' | 'ci'
  /** The build system that vouches for the call; `null` when none does. */
  readonly vouchedBy: TrustedBuildSystemState | null
  /** How that proved who it is; by its token when nothing is said. */
  readonly method?: VoucherMethod | undefined
  /** Whether the policy verifies the origin, which is what counts of a build system that is only asked. */
  readonly isOriginVerified?: boolean
  readonly projectId: ProjectId
  /** Whether an earlier request is submitted again: then the build system is the one that vouched for that. */
  readonly isResubmission?: boolean
}

/**
 * Refuses what a policy does not take that demands a trusted build system.
 *
 * @returns the build system that vouches for the submission
 * @throws Refusal `SUBMITTER_NOT_CI_USER`, `TRUSTED_BUILD_SYSTEM_REQUIRED`, `TRUSTED_BUILD_SYSTEM_NOT_FOUND`,
 *   `TRUSTED_BUILD_SYSTEM_DISABLED`, `TRUSTED_BUILD_SYSTEM_NOT_LINKED`
 */
export function requireTrustedBuildSystem(submission: VouchedSubmission): TrustedBuildSystem {
  const { submitterKind, vouchedBy, method, isOriginVerified = false, projectId, isResubmission = false } = submission
  if (submitterKind !== 'ci')
    throw new Refusal(
      'SUBMITTER_NOT_CI_USER',
      `The signing policy demands a trusted build system: only CI users submit to it${isResubmission ? ', the first time and again' : ''}.`,
    )
  if (vouchedBy === null)
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_REQUIRED',
      isResubmission
        ? 'The signing policy demands a trusted build system, and none vouched for the request that is to be submitted again. Submit its artifact from one.'
        : 'The signing policy demands a trusted build system: send its token behind the API token, as «Authorization: Bearer <API token>:<build system token>».',
    )
  if (method === 'link' && !isOriginVerified)
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_REQUIRED',
      'The signing policy demands a trusted build system and verifies no origin: that the build system is linked with the project proves nothing. Send its token behind the API token, as «Authorization: Bearer <API token>:<build system token>», or have the policy verify origins.',
    )
  return vouchesFor(vouchedBy, projectId)
}

/**
 * The build system, if it may vouch for what is submitted to a project.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `TRUSTED_BUILD_SYSTEM_DISABLED`, `TRUSTED_BUILD_SYSTEM_NOT_LINKED`
 */
export function vouchesFor(state: TrustedBuildSystemState, projectId: ProjectId): TrustedBuildSystem {
  const system = existingTrustedBuildSystem(state)
  refuseIfDisabled(system)
  requireLinked(system, projectId)
  return system
}
