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

/** When each token was made and each secret of a link was set, and which projects it was linked to once and is not now. */
type Facts = {
  readonly issued: readonly { readonly tokenId: TrustedBuildSystemTokenId; readonly at: Instant }[]
  /** Of the secrets that links name now. */
  readonly set: readonly { readonly secretId: LinkSecretId; readonly at: Instant }[]
  readonly former: readonly ProjectId[]
}

/** `trustedBuildSystem-<id>` → `trusted_build_systems`, and the projects that it is linked to → `named_principals`. */
export const trustedBuildSystems: EntityProjection<TrustedBuildSystemState, Facts, TrustedBuildSystemView> = {
  kind: 'trustedBuildSystem',
  table: 'trusted_build_systems',
  decider: trustedBuildSystemDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: { issued: [], set: [], former: [] },
  observe: ({ issued, set: before, former }, { type, data, metadata: { occurredAt: at } }, state) => {
    if (type === 'TrustedBuildSystemTokenIssued')
      return { issued: [...issued, { tokenId: data.tokenId as TrustedBuildSystemTokenId, at }], set: before, former }
    const named = (state as TrustedBuildSystem).links.flatMap(({ secrets }) => secrets)
    const set = named.map(({ secretId }) => before.find((each) => each.secretId === secretId) ?? { secretId, at })
    const projectId = data.projectId as ProjectId
    const others = former.filter((each) => each !== projectId)
    if (type === 'TrustedBuildSystemLinked') return { issued, set, former: others }
    return { issued, set, former: type === 'TrustedBuildSystemUnlinked' ? [...others, projectId] : former }
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
    const { tokens, links, ...system } = state as TrustedBuildSystem
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
    return { ...system, tokens: shown, links: linked, ...recorded }
  },
}
