import type {
  Instant,
  LinkSecretId,
  ProjectId,
  TrustedBuildSystem,
  TrustedBuildSystemState,
  TrustedBuildSystemTokenId,
} from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { trustedBuildSystemDecider, worksAt } from './folds.ts'
import type { TrustedBuildSystemView } from './views.ts'

/** When each token was made, each secret of a link was set and each key of a proxy was registered last, and which projects it was linked to once and is not now. */
type Facts = {
  readonly issued: readonly { readonly tokenId: TrustedBuildSystemTokenId; readonly at: Instant }[]
  /** Of the secrets that links name now. */
  readonly set: readonly { readonly secretId: LinkSecretId; readonly at: Instant }[]
  readonly former: readonly ProjectId[]
  readonly registered: readonly { readonly keyId: string; readonly at: Instant }[]
}

/** `trustedBuildSystem-<id>` → `trusted_build_systems`, and the projects that it is linked to → `named_principals`. */
export const trustedBuildSystems: EntityProjection<TrustedBuildSystemState, Facts, TrustedBuildSystemView> = {
  kind: 'trustedBuildSystem',
  table: 'trusted_build_systems',
  decider: trustedBuildSystemDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: { issued: [], set: [], former: [], registered: [] },
  observe: (facts, { type, data, metadata: { occurredAt: at } }, state) => {
    const { issued, set: before, former, registered } = facts
    if (type === 'TrustedBuildSystemTokenIssued')
      return { ...facts, issued: [...issued, { tokenId: data.tokenId as TrustedBuildSystemTokenId, at }] }
    if (type === 'TrustedBuildSystemProxyKeyRegistered') {
      const keyId = data.keyId as string
      return { ...facts, registered: [...registered.filter((each) => each.keyId !== keyId), { keyId, at }] }
    }
    const named = (state as TrustedBuildSystem).links.flatMap(({ secrets }) => secrets)
    const set = named.map(({ secretId }) => before.find((each) => each.secretId === secretId) ?? { secretId, at })
    const projectId = data.projectId as ProjectId
    const others = former.filter((each) => each !== projectId)
    if (type === 'TrustedBuildSystemLinked') return { ...facts, set, former: others }
    return { ...facts, set, former: type === 'TrustedBuildSystemUnlinked' ? [...others, projectId] : former }
  },
  columns: (state) => ({ slug: (state as TrustedBuildSystem).slug }),
  named: (state, { former }, id) => {
    const { organizationId, projects } = state as TrustedBuildSystem
    const row = (projectId: ProjectId, holds: 'yes' | 'no') => ({
      id: `${id} project ${projectId}`,
      organization_id: organizationId,
      entity_id: id,
      role: 'project' as const,
      principal: `project-${projectId}`,
      holds,
    })
    return [...projects.map((each) => row(each, 'yes')), ...former.map((each) => row(each, 'no'))]
  },
  view: ({ state, facts, createdAt }, recorded, at) => {
    const { tokens, links, proxyKeys, ...system } = state as TrustedBuildSystem
    const shown = tokens.map((token) => {
      const issuedAt = facts.issued.find(({ tokenId }) => tokenId === token.tokenId)?.at ?? createdAt
      const { tokenId, prefix, validUntil, status } = token
      return { tokenId, prefix, issuedAt, validUntil, status: worksAt(token, at) ? status : ('ended' as const) }
    })
    const setAt = (id: LinkSecretId) => facts.set.find(({ secretId }) => secretId === id)?.at ?? createdAt
    const linked = links.map(({ secrets, ...link }) => ({
      ...link,
      secrets: secrets.map((secret) => ({ ...secret, setAt: setAt(secret.secretId) })),
    }))
    const keys = proxyKeys.map((key) => {
      const registeredAt = facts.registered.find(({ keyId }) => keyId === key.keyId)?.at ?? createdAt
      return { ...key, registeredAt }
    })
    return { ...system, tokens: shown, links: linked, proxyKeys: keys, ...recorded }
  },
}
