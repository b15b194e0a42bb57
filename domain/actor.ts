import type { ApiTokenId, UserId } from './ids.ts'

/** Who caused an event: a user behind an API token, or a part of the service itself. */
export type Actor =
  | {
      readonly kind: 'user'
      readonly userId: UserId
      /** How the user proved who they are. */
      readonly authentication: 'apiToken'
      readonly tokenId: ApiTokenId
    }
  | {
      readonly kind: 'system'
      /** The part that acted: `workflow`, `signer`, `setup` … */
      readonly component: string
    }
  | {
      /** Nobody that is known: a request without a token, or with a bad one. */
      readonly kind: 'anonymous'
    }
