import type { ChangeControl, OrganizationState } from '../organization/index.ts'
import { currentVersion, type SigningPolicyState } from '../signing-policy/index.ts'

/**
 * What a change of a rule takes now: as many approvals as the organization demands, or as the version of the signing policy
 * that is in force demands of changes of itself, whichever are more, and for as long as the shorter of the two waits.
 *
 * @param policy the signing policy that is to be changed; left out for changes of everything else
 * @returns `null` when nobody has to approve it
 */
export function controlInForce(organization: OrganizationState, policy?: SigningPolicyState): ChangeControl | null {
  const general = organization.status === 'none' ? null : organization.changeControl
  const own =
    policy === undefined || policy.status === 'none' ? null : (currentVersion(policy).settings.changeControl ?? null)
  if (general === null || own === null) return general ?? own
  return {
    requiredApprovals: Math.max(general.requiredApprovals, own.requiredApprovals),
    lifetimeSeconds: Math.min(general.lifetimeSeconds, own.lifetimeSeconds),
  }
}
