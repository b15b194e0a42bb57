import type { ApiTokenId, GlobalRole, OrganizationId, UserId } from '../domain/index.ts'

/** A user who proved who they are, and how this call reached us. */
export type Caller = {
  readonly organizationId: OrganizationId
  readonly userId: UserId
  readonly name: string
  readonly kind: 'interactive' | 'ci'
  readonly roles: readonly GlobalRole[]
  readonly tokenId: ApiTokenId
  /** The client's IP address, where one is known. */
  readonly remoteAddress: string | undefined
  /** A UUID of this call; the causation id of what it makes happen. */
  readonly callId: string
}
