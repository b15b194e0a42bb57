import type { Grant, GrantState, Instant, SigningRequestId } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { grantDecider } from './folds.ts'
import type { GrantView } from './views.ts'

/** When the grant was used for each request, and when it was revoked. */
type GrantTimes = { readonly usedAt: Readonly<Record<string, Instant>>; readonly revokedAt: Instant | null }

/** `grant-<id>` → `grants`. */
export const grants: EntityProjection<GrantState, GrantTimes, GrantView> = {
  kind: 'grant',
  table: 'grants',
  decider: grantDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: { usedAt: {}, revokedAt: null },
  observe: (facts, { type, data, metadata: { occurredAt } }) => {
    if (type === 'GrantRevoked') return { ...facts, revokedAt: facts.revokedAt ?? occurredAt }
    if (type !== 'GrantUseReserved') return facts
    const { signingRequestId } = data as { readonly signingRequestId: SigningRequestId }
    return { ...facts, usedAt: { [signingRequestId]: occurredAt, ...facts.usedAt } }
  },
  columns: (state) => {
    const { signingPolicyId, giver } = state as Grant
    return { signing_policy_id: signingPolicyId, giver }
  },
  view: ({ state, facts, updatedAt }, recorded, at) => {
    const { uses, ...grant } = state as Grant
    return {
      ...grant,
      status: statusAt(state as Grant, at),
      uses: uses.map((signingRequestId) => ({ signingRequestId, usedAt: facts.usedAt[signingRequestId] ?? updatedAt })),
      revokedAt: facts.revokedAt,
      ...recorded,
    }
  },
}

function statusAt({ status, from, until, uses, maximumRequests }: Grant, at: Instant): GrantView['status'] {
  if (status === 'revoked') return 'revoked'
  if (at >= until) return 'over'
  if (uses.length >= maximumRequests) return 'usedUp'
  return at < from ? 'notYetInForce' : 'inForce'
}
