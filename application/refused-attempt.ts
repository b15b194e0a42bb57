import type { Initiator, OrganizationId, PresentedToken } from '../domain/index.ts'

/** A refused attempt. It has no message: that may quote what the caller sent, which may be a secret in the wrong place. */
export type RefusedAttempt = Initiator & {
  readonly organizationId: OrganizationId
  /** What was asked, e.g. `approveSigningRequest`: the service's own name for it. */
  readonly command: string
  /** The stream of the entity that it was about, with the id as the caller named it; it need not exist. */
  readonly subject: string | null
  /** The refusal's code. */
  readonly code: string
  /** The token that was presented, where the organization knows it. */
  readonly presented?: PresentedToken
}

/**
 * The organization of attempts by people of whom none is known. Nobody's token belongs to it, so no API shows what is
 * recorded there: the operator reads it in the log.
 */
export const unknownOrganization = '00000000-0000-0000-0000-000000000000' as OrganizationId
