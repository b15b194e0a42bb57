import type { Decider } from '../decider.ts'
import type { Instant } from '../event.ts'
import { parseGlob } from '../glob.ts'
import type { GrantId, GroupId, SigningRequestId, UserId } from '../ids.ts'
import { referencesTo } from '../principal-reference.ts'
import { Refusal } from '../refusal.ts'
import { activeSigningPolicy, currentVersion, type SigningPolicyState } from '../signing-policy/index.ts'
import { parseText } from '../text.ts'
import type { GrantEvent, GrantFacts, GrantTerms } from './events.ts'

/** A grant that was given. */
export type Grant = GrantFacts & {
  /** Whether it was taken back. Its window and its uses say the rest. */
  readonly status: 'given' | 'revoked'
  /** The requests that it is used for, in the order of their reservations; each once. */
  readonly uses: readonly SigningRequestId[]
  readonly revocation: { readonly revokedBy: UserId; readonly reason: string | null } | null
}

/** Before and after the grant was given. */
export type GrantState = { readonly status: 'none' } | Grant

/** What can be asked of a grant. */
export type GrantCommand =
  | ({
      readonly type: 'GiveGrant'
      readonly grantId: GrantId
      readonly giver: UserId
      /** Those of the groups that may approve whose member the giver is. */
      readonly groups: readonly GroupId[]
      /** The policy as it is now. */
      readonly policy: SigningPolicyState
      /** SHA-256 of the DER certificate that it signs with, hexadecimal. */
      readonly certificateThumbprint: string
      readonly comment: string | null
      readonly at: Instant
    } & GrantTerms)
  | { readonly type: 'ReserveGrantUse'; readonly signingRequestId: SigningRequestId; readonly at: Instant }
  | { readonly type: 'RevokeGrant'; readonly revokedBy: UserId; readonly reason: string | null }

const day = 24 * 60 * 60 * 1000
/** How long a grant may be in force, and how far ahead it may end, in days. */
const longest = { window: 90, ahead: 365 } as const
/** How many requests a grant may be for at the most. */
const mostRequests = 1_000
/** How many globs of a kind a grant may have. */
const mostGlobs = 20

/**
 * Grant: an approver approves requests of a signing policy in advance. It is never changed: who wants other terms revokes it
 * and gives another.
 *
 * Refuses with `GRANT_EXISTS`, `GRANT_NOT_FOUND`, `GRANT_REVOKED`, `GRANT_NOT_IN_FORCE`, `GRANT_EXHAUSTED`, `GRANT_USED_BEFORE`,
 * `GRANT_WINDOW_INVALID`, `GRANT_REQUESTS_INVALID`, `GRANT_GLOBS_INVALID`, `GRANT_WITHOUT_APPROVAL`, `GLOB_MALFORMED`,
 * `NOT_AN_APPROVER`, `SIGNING_POLICY_NOT_FOUND`, `SIGNING_POLICY_INACTIVE`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const grantDecider: Decider<GrantState, GrantCommand, GrantEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: ['GrantGiven', 'GrantUseReserved', 'GrantRevoked'],

  decide(command, state) {
    if (command.type === 'GiveGrant') {
      if (state.status !== 'none') throw new Refusal('GRANT_EXISTS', 'A grant with this id exists already.')
      return [{ type: 'GrantGiven', data: { schemaVersion: 1, ...given(command) } }]
    }
    if (state.status === 'none') throw new Refusal('GRANT_NOT_FOUND', 'There is no such grant.')
    if (state.status === 'revoked') throw new Refusal('GRANT_REVOKED', 'The grant was revoked.')
    switch (command.type) {
      case 'ReserveGrantUse': {
        const { signingRequestId, at } = command
        if (state.uses.includes(signingRequestId))
          throw new Refusal('GRANT_USED_BEFORE', 'The grant is used for this request already; each counts once.')
        if (!isInForce(state, at))
          throw new Refusal('GRANT_NOT_IN_FORCE', `The grant is in force from ${state.from} until ${state.until}.`)
        if (state.uses.length >= state.maximumRequests)
          throw new Refusal('GRANT_EXHAUSTED', `The grant was for ${state.maximumRequests} requests, and had them.`)
        return [{ type: 'GrantUseReserved', data: { schemaVersion: 1, signingRequestId } }]
      }
      case 'RevokeGrant': {
        const { revokedBy, reason } = command
        return [
          { type: 'GrantRevoked', data: { schemaVersion: 1, revokedBy, reason: parseText(reason, 'The reason') } },
        ]
      }
    }
  },

  evolve(state, event) {
    if (event.type === 'GrantGiven') {
      if (state.status !== 'none') return state
      const { schemaVersion: _, ...facts } = event.data
      return { ...facts, status: 'given', uses: [], revocation: null }
    }
    if (state.status === 'none') return state
    if (event.type === 'GrantUseReserved') return { ...state, uses: [...state.uses, event.data.signingRequestId] }
    const { revokedBy, reason } = event.data
    return { ...state, status: 'revoked', revocation: { revokedBy, reason } }
  },
}

/** Whether a moment is in the grant's window. */
export function isInForce({ from, until }: Pick<GrantTerms, 'from' | 'until'>, at: Instant): boolean {
  return from <= at && at < until
}

/** Whether nothing can be approved by a grant from some moment on: it was revoked, is over, or has been used up. */
export function isSpent(grant: Grant, at: Instant): boolean {
  return grant.status === 'revoked' || at >= grant.until || grant.uses.length >= grant.maximumRequests
}

function given(command: Extract<GrantCommand, { readonly type: 'GiveGrant' }>): GrantFacts {
  const { grantId, giver, groups, certificateThumbprint, at } = command
  const policy = activeSigningPolicy(command.policy)
  const { version, settings } = currentVersion(policy)
  if (settings.approval === null)
    throw new Refusal('GRANT_WITHOUT_APPROVAL', `The signing policy ${policy.slug} asks nobody for approval.`)
  if (referencesTo(settings.approval.approvers, { userId: giver, groups }).length === 0)
    throw new Refusal(
      'NOT_AN_APPROVER',
      'You are not an approver of the signing policy, nor a member of a group that is.',
    )
  const { organizationId, projectId, signingPolicyId } = policy
  return {
    grantId,
    organizationId,
    projectId,
    signingPolicyId,
    signingPolicyVersion: version,
    certificateThumbprint,
    giver,
    ...checkedTerms(command, at),
    comment: parseText(command.comment, 'The comment'),
  }
}

function checkedTerms({ from, until, maximumRequests, fileNames, versions, branches }: GrantTerms, at: Instant) {
  const [begin, end, now] = [from, until, at].map((each) => Date.parse(each)) as [number, number, number]
  if (!(begin < end && end > now && end - begin <= longest.window * day && end - now <= longest.ahead * day))
    throw new Refusal(
      'GRANT_WINDOW_INVALID',
      `A grant begins before it ends, ends in the future, at most ${longest.ahead} days from now, and is in force for ${longest.window} days at the most; got ${from} until ${until}.`,
      { from, until },
    )
  if (!Number.isInteger(maximumRequests) || maximumRequests < 1 || maximumRequests > mostRequests)
    throw new Refusal(
      'GRANT_REQUESTS_INVALID',
      `A grant is for 1 to ${mostRequests} requests, a whole number; got ${maximumRequests}.`,
    )
  return {
    from,
    until,
    maximumRequests,
    fileNames: checkedGlobs(fileNames, 'file names', 1),
    versions: checkedGlobs(versions, 'versions', 0),
    branches: checkedGlobs(branches, 'branches', 0),
  }
}

function checkedGlobs(globs: readonly string[], what: string, fewest: number): readonly string[] {
  const parsed = globs.map((glob) => parseGlob(glob, `A glob of ${what}`))
  if (parsed.length >= fewest && parsed.length <= mostGlobs && new Set(parsed).size === parsed.length) return parsed
  throw new Refusal(
    'GRANT_GLOBS_INVALID',
    `A grant has ${fewest} to ${mostGlobs} globs of ${what}, each once; got ${parsed.length}. The glob * stands for every name.`,
  )
}
