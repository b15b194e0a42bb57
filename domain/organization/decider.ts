import type { Decider } from '../decider.ts'
import type { OrganizationId, ProjectId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseSlug } from '../slug.ts'
import { parseName } from '../text.ts'
import type { OrganizationEvent } from './events.ts'

/** Before and after the organization was created. */
export type OrganizationState =
  | { readonly status: 'none' }
  | {
      readonly status: 'active'
      readonly organizationId: OrganizationId
      readonly name: string
      /** Slug → the project that holds it. */
      readonly projectSlugs: Readonly<Record<string, ProjectId>>
    }

/** What can be asked of an organization. */
export type OrganizationCommand =
  | { readonly type: 'CreateOrganization'; readonly organizationId: OrganizationId; readonly name: string }
  | { readonly type: 'ReserveProjectSlug'; readonly slug: string; readonly projectId: ProjectId }

/**
 * Organization: created once; hands out project slugs.
 *
 * Refuses with `ORGANIZATION_EXISTS`, `ORGANIZATION_NOT_FOUND`, `PROJECT_SLUG_TAKEN`, `SLUG_MALFORMED`, `NAME_MALFORMED`.
 */
export const organizationDecider: Decider<OrganizationState, OrganizationCommand, OrganizationEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: ['OrganizationCreated', 'ProjectSlugReserved'],

  decide(command, state) {
    if (command.type === 'CreateOrganization') {
      if (state.status !== 'none') throw new Refusal('ORGANIZATION_EXISTS', 'This organization exists already.')
      const { organizationId } = command
      const name = parseName(command.name, "The organization's name")
      return [{ type: 'OrganizationCreated', data: { schemaVersion: 1, organizationId, name } }]
    }
    if (state.status === 'none') throw new Refusal('ORGANIZATION_NOT_FOUND', 'There is no such organization.')
    const slug = parseSlug(command.slug, "The project's slug")
    if (Object.hasOwn(state.projectSlugs, slug))
      throw new Refusal('PROJECT_SLUG_TAKEN', `The slug ${slug} belongs to another project of this organization.`, {
        slug,
      })
    return [{ type: 'ProjectSlugReserved', data: { schemaVersion: 1, slug, projectId: command.projectId } }]
  },

  evolve(state, event) {
    switch (event.type) {
      case 'OrganizationCreated': {
        const { organizationId, name } = event.data
        return { status: 'active', organizationId, name, projectSlugs: {} }
      }
      case 'ProjectSlugReserved':
        return state.status === 'none'
          ? state
          : { ...state, projectSlugs: { ...state.projectSlugs, [event.data.slug]: event.data.projectId } }
    }
  },
}
