import type { UserId } from '../ids.ts'
import { streams } from '../streams.ts'
import type { UnusualSubject } from './events.ts'
import type { Learned, Observation } from './observation.ts'

/** A user as the subject of a finding, with the policy of what they did. */
export function aboutUser({ use }: Observation, userId: UserId): UnusualSubject {
  return { about: 'user', userId, signingPolicyId: use?.request.signingPolicyId ?? null }
}

/** The policy that somebody used as the subject of a finding. */
export function aboutPolicy({ use, userId }: Observation): UnusualSubject {
  return { about: 'signingPolicy', userId, signingPolicyId: use?.request.signingPolicyId ?? null }
}

/** Whose profile what was found of a subject is kept in. */
export function keyOfSubject({ about, userId, signingPolicyId }: UnusualSubject): string {
  return about === 'user' || signingPolicyId === null
    ? streams.user(userId as UserId)
    : streams.signingPolicy(signingPolicyId)
}

/** Whose profiles an observation is judged by, and changes. */
export function keysOf({ organizationId, userId, use }: Observation): readonly string[] {
  const own = [streams.organization(organizationId), streams.user(userId)]
  if (use === null) return own
  return [...own, streams.signingPolicy(use.request.signingPolicyId), streams.user(use.request.submitter)]
}

/** Whose profile what is learned belongs to. */
export function keyOfLearned(learned: Learned): string {
  return 'erased' in learned ? streams.user(learned.erased) : streams.signingPolicy(learned.signingPolicyId)
}
