import type { Initiator, OrganizationId } from '../domain/index.ts'

/** A refused attempt. */
export type RefusedAttempt = Initiator & {
  readonly organizationId: OrganizationId
  /** What was asked, e.g. `approveSigningRequest`. */
  readonly command: string
  /** The entity that it was about, as the caller named it. */
  readonly subject: string | null
  readonly refusal: { readonly code: string; readonly message: string }
}

/**
 * The organization of attempts by people of whom none is known. Nobody's token belongs to it, so no API shows what is
 * recorded there: the operator reads it in the log.
 */
export const unknownOrganization = '00000000-0000-0000-0000-000000000000' as OrganizationId
