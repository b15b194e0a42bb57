import type { DomainEvent, Instant } from '../event.ts'
import type { GrantId, OrganizationId, ProjectId, SigningPolicyId, SigningRequestId, UserId } from '../ids.ts'

/** Which requests a grant is for, as its giver says it. Globs are those of `parseGlob`. */
export type GrantTerms = {
  /** From when on it may be used. */
  readonly from: Instant
  /** Up to when it may be used, exclusively. */
  readonly until: Instant
  /** How many requests it is for at the most. */
  readonly maximumRequests: number
  /** Globs of the artifact's file name, one or more: one must match. */
  readonly fileNames: readonly string[]
  /** Globs of the version that the submission names: one must match. Empty: the version does not matter. */
  readonly versions: readonly string[]
  /** Globs of the branch that the origin names: one must match. Empty: the branch does not matter. */
  readonly branches: readonly string[]
}

/** What a grant is, from its beginning. */
export type GrantFacts = GrantTerms & {
  readonly grantId: GrantId
  readonly organizationId: OrganizationId
  readonly projectId: ProjectId
  readonly signingPolicyId: SigningPolicyId
  /** The version of the policy that was in force: a later one with other settings than the name voids the grant. */
  readonly signingPolicyVersion: number
  /** SHA-256 of the DER certificate that the policy signed with, hexadecimal: it is for signatures by no other. */
  readonly certificateThumbprint: string
  /** Whose approval each use is. */
  readonly giver: UserId
  readonly comment: string | null
}

/** An approver approves in advance. What each use of it counts for is an `ApprovalGranted` in the request's stream. */
export type GrantGiven = DomainEvent<'GrantGiven', GrantFacts>

/** One of the uses is for this request. Its approval follows in the request's stream, unless the request ends before. */
export type GrantUseReserved = DomainEvent<'GrantUseReserved', { readonly signingRequestId: SigningRequestId }>

/** The grant is taken back: it approves nothing any more, also not what is not signed yet. */
export type GrantRevoked = DomainEvent<'GrantRevoked', { readonly revokedBy: UserId; readonly reason: string | null }>

/** Everything that happens to a grant. */
export type GrantEvent = GrantGiven | GrantUseReserved | GrantRevoked

/** A grant for requests of a signing policy exists, or is about to. */
export type GrantListed = DomainEvent<'GrantListed', { readonly grantId: GrantId; readonly until: Instant }>

/** A grant can be used no more, and need not be looked at. */
export type GrantDelisted = DomainEvent<'GrantDelisted', { readonly grantId: GrantId }>

/** What happens to the list of a policy's grants. */
export type GrantListEvent = GrantListed | GrantDelisted
