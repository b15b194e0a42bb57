import type { Organization, OrganizationState } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { organizationDecider } from './folds.ts'
import type { OrganizationView } from './views.ts'

/** `organization-<id>` → `organizations`. */
export const organizations: EntityProjection<OrganizationState, object, OrganizationView> = {
  kind: 'organization',
  table: 'organizations',
  decider: organizationDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: {},
  observe: (facts) => facts,
  columns: () => ({}),
  view: ({ state }, recorded) => {
    const { status: _, ...organization } = state as Organization
    return { ...organization, ...recorded }
  },
}
