import type { Decider } from '../decider.ts'
import type { OrganizationId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseName } from '../text.ts'
import type { OrganizationEvent } from './events.ts'

/** An organization that exists. What belongs to it is not in it: it would grow with everything else. */
export type Organization = {
  readonly status: 'active'
  readonly organizationId: OrganizationId
  readonly name: string
}

/** Before and after the organization was created. */
export type OrganizationState = { readonly status: 'none' } | Organization

/** What can be asked of an organization. */
export type OrganizationCommand = {
  readonly type: 'CreateOrganization'
  readonly organizationId: OrganizationId
  readonly name: string
}

/**
 * Organization: created once.
 *
 * Refuses with `ORGANIZATION_EXISTS`, `NAME_MALFORMED`.
 */
export const organizationDecider: Decider<OrganizationState, OrganizationCommand, OrganizationEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: ['OrganizationCreated'],

  decide(command, state) {
    if (state.status !== 'none') throw new Refusal('ORGANIZATION_EXISTS', 'This organization exists already.')
    const { organizationId } = command
    const name = parseName(command.name, "The organization's name")
    return [{ type: 'OrganizationCreated', data: { schemaVersion: 1, organizationId, name } }]
  },

  evolve(_, event) {
    const { organizationId, name } = event.data
    return { status: 'active', organizationId, name }
  },
}

/**
 * The organization, if there is one.
 *
 * @throws Refusal `ORGANIZATION_NOT_FOUND`
 */
export function existingOrganization(state: OrganizationState): Organization {
  if (state.status === 'none') throw new Refusal('ORGANIZATION_NOT_FOUND', 'There is no such organization.')
  return state
}
