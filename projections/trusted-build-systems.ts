import type {
  Instant,
  ProjectId,
  TrustedBuildSystem,
  TrustedBuildSystemState,
  TrustedBuildSystemTokenId,
} from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { trustedBuildSystemDecider, worksAt } from './folds.ts'
import type { TrustedBuildSystemView } from './views.ts'

/** When each token was made, and which projects it was linked to once and is not now. */
type Facts = {
  readonly issued: readonly { readonly tokenId: TrustedBuildSystemTokenId; readonly at: Instant }[]
  readonly former: readonly ProjectId[]
}

/** `trustedBuildSystem-<id>` → `trusted_build_systems`, and the projects that it is linked to → `named_principals`. */
export const trustedBuildSystems: EntityProjection<TrustedBuildSystemState, Facts, TrustedBuildSystemView> = {
  kind: 'trustedBuildSystem',
  table: 'trusted_build_systems',
  decider: trustedBuildSystemDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: { issued: [], former: [] },
  observe: ({ issued, former }, { type, data, metadata: { occurredAt: at } }) => {
    if (type === 'TrustedBuildSystemTokenIssued')
      return { issued: [...issued, { tokenId: data.tokenId as TrustedBuildSystemTokenId, at }], former }
    const projectId = data.projectId as ProjectId
    const others = former.filter((each) => each !== projectId)
    if (type === 'TrustedBuildSystemLinked') return { issued, former: others }
    return { issued, former: type === 'TrustedBuildSystemUnlinked' ? [...others, projectId] : former }
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
    const { tokens, ...system } = state as TrustedBuildSystem
    const shown = tokens.map((token) => {
      const issuedAt = facts.issued.find(({ tokenId }) => tokenId === token.tokenId)?.at ?? createdAt
      const { tokenId, prefix, validUntil, status } = token
      return { tokenId, prefix, issuedAt, validUntil, status: worksAt(token, at) ? status : ('ended' as const) }
    })
    return { ...system, tokens: shown, ...recorded }
  },
}
