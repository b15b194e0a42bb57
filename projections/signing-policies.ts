import { type PrincipalReference, referenceKey, type SigningPolicy, type SigningPolicyState } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { signingPolicyDecider } from './folds.ts'
import type { SigningPolicyView, VersionMade } from './views.ts'

/** Who made each version, and when; version n stands at index n − 1. */
type SigningPolicyFacts = { readonly versionsMade: readonly VersionMade[] }

/** `signingPolicy-<id>` → `signing_policies`, and those who may submit → `named_principals`. */
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
    const { projectId, slug, versions } = state as SigningPolicy
    return { project_id: projectId, slug, certificate_id: versions.at(-1)?.certificateId ?? versions[0].certificateId }
  },
  named: (state, _, id) => {
    const { organizationId, versions } = state as SigningPolicy
    const allowed = new Set(submittersOf(state).map(referenceKey))
    const ever = new Set(versions.flatMap(({ submitters }) => submitters.map(referenceKey)))
    return [...ever].map((principal) => ({
      id: `${id} submitter ${principal}`,
      organization_id: organizationId,
      entity_id: id,
      role: 'submitter',
      principal,
      holds: allowed.has(principal) ? 'yes' : 'no',
    }))
  },
  compared: ({ state }) => {
    const { versions, ...policy } = state as SigningPolicy
    return { ...policy, version: versions.length, settings: versions.at(-1) }
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

/** Those whom a policy lets submit as it is. */
function submittersOf(state: SigningPolicyState): readonly PrincipalReference[] {
  return state.status === 'active' ? (state.versions.at(-1)?.submitters ?? []) : []
}
