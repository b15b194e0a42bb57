import {
  asId,
  type ChangeProposal,
  groupsNamed,
  type KnownNow,
  type OrganizationId,
  type PastRequest,
  Refusal,
  type SigningPolicyId,
  type SigningPolicySettings,
  type TreatedOtherwise,
  treatedOtherwise,
} from '../domain/index.ts'
import { groupsOf, inBatches, type LookUps, membersOfGroups, newestRequests } from './look-ups.ts'

/** Which of the last requests of a policy other settings would have treated otherwise. */
export type PastSimulation = {
  /** So many requests were looked at, the newest ones. */
  readonly examined: number
  readonly otherwise: readonly TreatedOtherwise[]
}

/** At most so many requests are looked at. */
export const mostPastRequests = 200

/**
 * Says which of the last requests a proposed version of a signing policy would have treated otherwise: people are in the groups that
 * they are in now, and build systems as they are now.
 *
 * @param last so many requests are looked at
 * @returns `null` for a change of anything else
 * @throws Refusal `PAGE_TOO_LARGE`
 */
export async function simulatePastRequests(
  lookUps: LookUps,
  { organizationId, target, events }: Pick<ChangeProposal, 'organizationId' | 'target' | 'events'>,
  last: number,
): Promise<PastSimulation | null> {
  const changed = events.findLast(({ type }) => type === 'SigningPolicyChanged')
  const signingPolicyId = asId<SigningPolicyId>(target.slice('signingPolicy-'.length))
  if (changed === undefined || signingPolicyId === undefined) return null
  if (!Number.isInteger(last) || last < 1 || last > mostPastRequests)
    throw new Refusal('PAGE_TOO_LARGE', `The last 1 to ${mostPastRequests} requests can be looked at; got ${last}.`, {
      limit: mostPastRequests,
      actual: last,
    })
  const { settings } = changed.data as { readonly settings: SigningPolicySettings }
  const { requests } = await newestRequests(lookUps, organizationId, { signingPolicyId }, last)
  const named = [settings, ...requests].flatMap(({ approval }) => approval?.approvers ?? [])
  const members = await membersOfGroups(lookUps, organizationId, groupsNamed([...settings.submitters, ...named]))
  const vouching = await vouchingNow(lookUps, organizationId, requests)
  const otherwise = treatedOtherwise(requests, settings, { groupsOf: (user) => groupsOf(user, members), ...vouching })
  return { examined: requests.length, otherwise }
}

/** Of which kind the submitters of requests are, and how the build systems are that vouched for them. */
async function vouchingNow(
  lookUps: LookUps,
  organizationId: OrganizationId,
  requests: readonly PastRequest[],
): Promise<Pick<KnownNow, 'kindOf' | 'buildSystem'>> {
  const submitters = requests.map(({ submitter }) => submitter)
  const vouchers = requests.flatMap(({ vouchedBy }) => (vouchedBy === null ? [] : [vouchedBy.trustedBuildSystemId]))
  const [users, systems] = await Promise.all([
    inBatches(submitters, (ids) => lookUps.usersByIds(organizationId, ids)),
    inBatches(vouchers, (ids) => lookUps.trustedBuildSystemsByIds(organizationId, ids)),
  ])
  const kinds = new Map(users.map((user) => [user.userId, user.kind]))
  return {
    kindOf: (user) => kinds.get(user),
    buildSystem(id) {
      const system = systems.find((each) => each.trustedBuildSystemId === id)
      return system === undefined ? { status: 'none' } : { ...system, tokens: [] }
    },
  }
}
