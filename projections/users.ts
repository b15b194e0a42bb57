import { type ApiTokenId, type Instant, isSealedText, type User, type UserState } from '../domain/index.ts'
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
    if (type === 'UserCreated') requireSealed(data)
    const tokenId = data.tokenId as ApiTokenId
    if (type === 'ApiTokenIssued')
      return { tokens: { ...tokens, [tokenId]: { issuedAt: occurredAt, revokedAt: null } } }
    const token = tokens[tokenId]
    if (type === 'ApiTokenRevoked' && token !== undefined)
      return { tokens: { ...tokens, [tokenId]: { ...token, revokedAt: occurredAt } } }
    return { tokens }
  },
  columns: () => ({}),
  view: ({ state, facts, updatedAt }, recorded, at) => {
    const { tokens, ...user } = state as User
    const seen = tokens.map(({ tokenId, name, prefix, expiresAt, revoked }) => {
      const { issuedAt, revokedAt } = facts.tokens[tokenId] ?? { issuedAt: updatedAt, revokedAt: null }
      const status = revoked ? 'revoked' : expiresAt !== null && expiresAt <= at ? 'expired' : 'active'
      return { tokenId, name, prefix, expiresAt, status, issuedAt, revokedAt } as const
    })
    return { ...user, tokens: seen, ...recorded }
  },
}

/** No column of the table says whether the event has what its type has: names are only carried along here. */
function requireSealed({ name, email }: Readonly<Record<string, unknown>>): void {
  if (!isSealedText(name)) throw new TypeError('name is missing')
  if (email !== null && !isSealedText(email)) throw new TypeError('email is missing')
}
