import { canonicalJson } from '../canonical-json.ts'
import type { Decider } from '../decider.ts'
import type { KeyId, OrganizationId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseName } from '../text.ts'
import type { ChangeControl, OrganizationEvent } from './events.ts'

/** An organization that exists. What belongs to it is not in it: it would grow with everything else. */
export type Organization = {
  readonly status: 'active'
  readonly organizationId: OrganizationId
  readonly name: string
  /** `null`: who may change a rule changes it alone. */
  readonly changeControl: ChangeControl | null
  /** What signs where something comes from; left out where that is the key of the policy's certificate. */
  readonly statementKeyId?: KeyId
}

/** Before and after the organization was created. */
export type OrganizationState = { readonly status: 'none' } | Organization

/** What can be asked of an organization. */
export type OrganizationCommand =
  | { readonly type: 'CreateOrganization'; readonly organizationId: OrganizationId; readonly name: string }
  | {
      readonly type: 'ChangeChangeControl'
      readonly changeControl: ChangeControl | null
      /** How many Global Administrators there are who are active people. */
      readonly administrators: number
    }
  /** That the key can sign is for the caller to see to. */
  | { readonly type: 'ChangeStatementKey'; readonly keyId: KeyId | null }

/** The most approvals that a change may need. */
const mostApprovals = 10
/** For how long a change may wait, in seconds: an hour to 90 days. */
const lifetimes = { shortest: 3600, longest: 90 * 24 * 3600 }

/**
 * Organization: created once, whether changes of its rules need the approval of others, and what signs its statements.
 *
 * Refuses with `ORGANIZATION_EXISTS`, `ORGANIZATION_NOT_FOUND`, `NAME_MALFORMED`, `CHANGE_CONTROL_INVALID`,
 * `CHANGE_CONTROL_UNREACHABLE`, `CHANGE_CONTROL_UNCHANGED`, `STATEMENT_KEY_UNCHANGED`.
 */
export const organizationDecider: Decider<OrganizationState, OrganizationCommand, OrganizationEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: ['OrganizationCreated', 'ChangeControlChanged', 'StatementKeyChanged'],

  decide(command, state) {
    if (command.type === 'CreateOrganization') {
      if (state.status !== 'none') throw new Refusal('ORGANIZATION_EXISTS', 'This organization exists already.')
      const { organizationId } = command
      const name = parseName(command.name, "The organization's name")
      return [{ type: 'OrganizationCreated', data: { schemaVersion: 1, organizationId, name } }]
    }
    const { changeControl: before, statementKeyId = null } = existingOrganization(state)
    if (command.type === 'ChangeStatementKey') {
      const { keyId } = command
      if (keyId === statementKeyId)
        throw new Refusal('STATEMENT_KEY_UNCHANGED', 'Statements are signed by just this key already.')
      return [{ type: 'StatementKeyChanged', data: { schemaVersion: 1, keyId } }]
    }
    const { changeControl, administrators } = command
    if (changeControl !== null) checkChangeControl(changeControl, administrators)
    if (canonicalJson(changeControl) === canonicalJson(before))
      throw new Refusal('CHANGE_CONTROL_UNCHANGED', 'Changes of rules are controlled just so already.')
    return [{ type: 'ChangeControlChanged', data: { schemaVersion: 1, changeControl } }]
  },

  evolve(state, event) {
    if (event.type === 'OrganizationCreated') {
      if (state.status !== 'none') return state
      const { organizationId, name } = event.data
      return { status: 'active', organizationId, name, changeControl: null }
    }
    if (state.status === 'none') return state
    if (event.type === 'ChangeControlChanged') return { ...state, changeControl: event.data.changeControl }
    const { statementKeyId: _, ...others } = state
    const { keyId } = event.data
    return keyId === null ? others : { ...others, statementKeyId: keyId }
  },
}

/**
 * Refuses what no change could be approved by.
 *
 * @param administrators how many Global Administrators are active people
 * @throws Refusal `CHANGE_CONTROL_INVALID`, `CHANGE_CONTROL_UNREACHABLE`
 */
export function checkChangeControl(
  { requiredApprovals, lifetimeSeconds }: ChangeControl,
  administrators: number,
): void {
  const { shortest, longest } = lifetimes
  if (!Number.isInteger(requiredApprovals) || requiredApprovals < 1 || requiredApprovals > mostApprovals)
    throw new Refusal(
      'CHANGE_CONTROL_INVALID',
      `A change needs from 1 to ${mostApprovals} approvals; got ${requiredApprovals}.`,
      { requiredApprovals },
    )
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < shortest || lifetimeSeconds > longest)
    throw new Refusal(
      'CHANGE_CONTROL_INVALID',
      `A change waits for its approvals from ${shortest} to ${longest} seconds, in whole ones; got ${lifetimeSeconds}.`,
      { lifetimeSeconds },
    )
  if (administrators <= requiredApprovals)
    throw new Refusal(
      'CHANGE_CONTROL_UNREACHABLE',
      `A change that needs ${requiredApprovals} approvals besides its author needs ${requiredApprovals + 1} Global Administrators who are active people; there are ${administrators}.`,
      { requiredApprovals, administrators },
    )
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
