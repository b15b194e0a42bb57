import {
  type ApiTokenId,
  type GlobalRole,
  type Instant,
  type Invitation,
  type InvitationId,
  isSealedText,
  type User,
  type UserState,
  unlimited,
} from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { userDecider } from './folds.ts'
import type { InvitationView, UserView } from './views.ts'

type UserFacts = {
  /** When each token was issued and revoked. */
  readonly tokens: Readonly<Record<ApiTokenId, { readonly issuedAt: Instant; readonly revokedAt: Instant | null }>>
  /** When each invitation was made. */
  readonly invitedAt: Readonly<Record<InvitationId, Instant>>
  /** The global roles that the user once had and has not now. */
  readonly formerRoles: readonly GlobalRole[]
}

/** `user-<id>` → `users`, and the roles → `named_principals`. The state holds the tokens without their hashes. */
export const users: EntityProjection<UserState, UserFacts, UserView> = {
  kind: 'user',
  table: 'users',
  decider: userDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: { tokens: {}, invitedAt: {}, formerRoles: [] },
  observe: (facts, { type, data, metadata: { occurredAt } }, state) => {
    const { tokens } = facts
    if (type === 'UserCreated') requireSealed(data)
    const tokenId = data.tokenId as ApiTokenId
    if (type === 'ApiTokenIssued')
      return { ...facts, tokens: { ...tokens, [tokenId]: { issuedAt: occurredAt, revokedAt: null } } }
    if (type === 'InvitationIssued')
      return { ...facts, invitedAt: { ...facts.invitedAt, [data.invitationId as InvitationId]: occurredAt } }
    const token = tokens[tokenId]
    if (type === 'ApiTokenRevoked' && token !== undefined)
      return { ...facts, tokens: { ...tokens, [tokenId]: { ...token, revokedAt: occurredAt } } }
    const role = roleOf({ type, data })
    if (role === undefined) return facts
    const { roles } = state as User
    const once = new Set([...facts.formerRoles, role])
    return { ...facts, formerRoles: [...once].filter((role) => !roles.includes(role)) }
  },
  columns: () => ({}),
  named: (state, { formerRoles }, id) => {
    const { organizationId, roles } = state as User
    const row = (role: GlobalRole, holds: 'yes' | 'no') => ({
      id: `${id} role ${role}`,
      organization_id: organizationId,
      entity_id: id,
      role: 'role' as const,
      principal: role,
      holds,
    })
    return [...roles.map((role) => row(role, 'yes')), ...formerRoles.map((role) => row(role, 'no'))]
  },
  view: ({ state, facts, updatedAt }, recorded, at) => {
    const { tokens, invitations, addressProved, ...user } = state as User
    const seen = tokens.map(({ tokenId, name, prefix, expiresAt, revoked, scope = unlimited }) => {
      const { issuedAt, revokedAt } = facts.tokens[tokenId] ?? { issuedAt: updatedAt, revokedAt: null }
      const status = revoked ? 'revoked' : expiresAt !== null && expiresAt <= at ? 'expired' : 'active'
      return { tokenId, name, prefix, expiresAt, status, issuedAt, revokedAt, scope } as const
    })
    const last = invitations.at(-1)
    return { ...user, tokens: seen, invitation: last === undefined ? null : seenInvitation(last), ...recorded }

    function seenInvitation({ invitationId, expiresAt, status }: Invitation): InvitationView {
      const isOver = status === 'open' && expiresAt <= at
      const invitedAt = facts.invitedAt[invitationId] ?? updatedAt
      return { invitationId, expiresAt, status: isOver ? 'expired' : status, invitedAt, addressProved }
    }
  },
}

/** The role that an event gives or takes. */
function roleOf({ type, data }: { readonly type: string; readonly data: object }): GlobalRole | undefined {
  if (type === 'AdministratorAppointed') return 'globalAdministrator'
  const isChange = type === 'GlobalRoleGranted' || type === 'GlobalRoleWithdrawn'
  return isChange ? (data as { readonly role: GlobalRole }).role : undefined
}

/** No column of the table says whether the event has what its type has: names are only carried along here. */
function requireSealed({ name, email }: Readonly<Record<string, unknown>>): void {
  if (!isSealedText(name)) throw new TypeError('name is missing')
  if (email !== null && !isSealedText(email)) throw new TypeError('email is missing')
}
