import type { ApiTokenId, Instant, User, UserState } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { userDecider } from './folds.ts'
import type { UserView } from './views.ts'

/** When each token was issued and revoked. */
type UserFacts = {
  readonly tokens: Readonly<Record<ApiTokenId, { readonly issuedAt: Instant; readonly revokedAt: Instant | null }>>
}

/** `user-<id>` → `users`. The state holds the tokens without their hashes. */
export const users: EntityProjection<UserState, UserFacts, UserView> = {
  kind: 'user',
  table: 'users',
  decider: userDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: { tokens: {} },
  observe: ({ tokens }, { type, data, metadata: { occurredAt } }) => {
    const tokenId = data.tokenId as ApiTokenId
    if (type === 'ApiTokenIssued')
      return { tokens: { ...tokens, [tokenId]: { issuedAt: occurredAt, revokedAt: null } } }
    const token = tokens[tokenId]
    if (type === 'ApiTokenRevoked' && token !== undefined)
      return { tokens: { ...tokens, [tokenId]: { ...token, revokedAt: occurredAt } } }
    return { tokens }
  },
  columns: (state) => ({ name: (state as User).name }),
  view: ({ state, facts, updatedAt }, recorded) => {
    const { status, userId, organizationId, kind, name, email, roles, tokens } = state as User
    const seen = tokens.map(({ tokenId, name, prefix, expiresAt, revoked }) => {
      const { issuedAt, revokedAt } = facts.tokens[tokenId] ?? { issuedAt: updatedAt, revokedAt: null }
      return { tokenId, name, prefix, expiresAt, revoked, issuedAt, revokedAt }
    })
    return { status, userId, organizationId, kind, name, email, roles, tokens: seen, ...recorded }
  },
}
