import type { Decider } from '../decider.ts'
import type { Instant } from '../event.ts'
import type { GrantId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import type { GrantListEvent } from './events.ts'

/** The grants for a signing policy that may be of use, in the order in which they were given. */
export type GrantList = { readonly grants: readonly { readonly grantId: GrantId; readonly until: Instant }[] }

/** What can be asked of the list. */
export type GrantListCommand = {
  readonly type: 'ListGrant'
  readonly grantId: GrantId
  readonly until: Instant
  /** Listed ones that can be used no more. */
  readonly spent: readonly GrantId[]
}

/** So many grants of a policy may be of use at once: each is looked at for each request that waits. */
const mostListed = 200

/**
 * The grants for a signing policy, in a stream of its own: a request that waits for approval finds them there. A grant is
 * listed before it is given, so that none is given and not found; one that is listed and was never given approves nothing.
 *
 * Refuses with `GRANTS_TOO_MANY`.
 */
export const grantListDecider: Decider<GrantList, GrantListCommand, GrantListEvent> = {
  initialState: () => ({ grants: [] }),
  eventTypes: ['GrantListed', 'GrantDelisted'],
  decide({ grantId, until, spent }, { grants }) {
    const ended = grants.filter((each) => spent.includes(each.grantId))
    if (grants.length - ended.length >= mostListed)
      throw new Refusal(
        'GRANTS_TOO_MANY',
        `A signing policy has ${mostListed} grants at the most that can still be used. Revoke some of them.`,
      )
    return [
      ...ended.map(
        (each): GrantListEvent => ({
          type: 'GrantDelisted',
          data: { schemaVersion: 1, grantId: each.grantId },
        }),
      ),
      { type: 'GrantListed', data: { schemaVersion: 1, grantId, until } },
    ]
  },
  evolve({ grants }, { type, data }) {
    const others = grants.filter(({ grantId }) => grantId !== data.grantId)
    return { grants: type === 'GrantListed' ? [...others, { grantId: data.grantId, until: data.until }] : others }
  },
}
