import type { SigningPolicy, SigningPolicyState } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { signingPolicyDecider } from './folds.ts'
import type { PolicyVersionMade, SigningPolicyView } from './views.ts'

/** Who made each version, and when; version n stands at index n − 1. */
type SigningPolicyFacts = { readonly versionsMade: readonly PolicyVersionMade[] }

/** `signingPolicy-<id>` → `signing_policies`. */
export const signingPolicies: EntityProjection<SigningPolicyState, SigningPolicyFacts, SigningPolicyView> = {
  kind: 'signingPolicy',
  table: 'signing_policies',
  decider: signingPolicyDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: { versionsMade: [] },
  observe: ({ versionsMade }, { type, metadata: { occurredAt, actor } }) => {
    const made = { at: occurredAt, by: actor }
    if (type === 'SigningPolicyCreated') return { versionsMade: [made] }
    return { versionsMade: type === 'SigningPolicyChanged' ? [...versionsMade, made] : versionsMade }
  },
  columns: (state) => {
    const { projectId, slug } = state as SigningPolicy
    return { project_id: projectId, slug }
  },
  view: ({ state, facts, createdAt }, recorded) => {
    const policy = state as SigningPolicy
    const versions = policy.versions.map((settings, index) => {
      const made = facts.versionsMade[index] ?? { at: createdAt, by: { kind: 'anonymous' } }
      return { ...made, settings, version: index + 1 }
    })
    return { ...policy, versions, ...recorded }
  },
}
