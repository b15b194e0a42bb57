import type { GlobalRole } from './authorization/index.ts'
import type { Decider } from './decider.ts'
import type { DomainEvent } from './event.ts'
import type { UserId } from './ids.ts'
import { Refusal } from './refusal.ts'
import type { User, UserState } from './user/index.ts'

/** A Global Administrator who may act, by their own stream as it was up to a revision. */
export type SeenAdministrator = { readonly userId: UserId; readonly revision: number }

/** The user is one who is counted as remaining when others leave. */
export type AdministratorCounted = DomainEvent<'AdministratorCounted', SeenAdministrator>

/**
 * The user is counted no longer: what takes their role, or deactivates them, may be appended to their stream behind this
 * revision, and nowhere else.
 */
export type AdministratorLeaving = DomainEvent<'AdministratorLeaving', SeenAdministrator>

/** What happens to the administrators of an organization as a whole. */
export type AdministratorsEvent = AdministratorCounted | AdministratorLeaving

/** What is known of each user who was ever counted or leaving. */
export type AdministratorsState = Readonly<
  Record<UserId, { readonly status: 'counted' | 'leaving'; readonly revision: number }>
>

/** What can be asked of them. */
export type AdministratorsCommand = {
  readonly type: 'LetAdministratorLeave'
  /** Who leaves, and the revision behind which it is recorded. */
  readonly leaving: SeenAdministrator
  /** Other administrators, as their own streams say. */
  readonly seen: readonly SeenAdministrator[]
}

/**
 * The Global Administrators of an organization, in one stream, so that the last one stays whoever leaves at the same moment.
 *
 * Whoever is counted is an active Global Administrator by their own stream: what ends that is recorded there only behind a
 * revision for which it was said here that they are leaving, and one who is leaving is counted again only from a later
 * revision of their stream, where that can have been recorded no more. So one who is counted remains.
 *
 * Refuses with `LAST_ADMINISTRATOR`.
 */
export const administratorsDecider: Decider<AdministratorsState, AdministratorsCommand, AdministratorsEvent> = {
  initialState: () => ({}),
  eventTypes: ['AdministratorCounted', 'AdministratorLeaving'],

  decide({ leaving, seen }, state) {
    const leave: AdministratorsEvent = { type: 'AdministratorLeaving', data: { schemaVersion: 1, ...leaving } }
    const isCounted = Object.entries(state).some(
      ([userId, { status }]) => userId !== leaving.userId && status === 'counted',
    )
    if (isCounted) return [leave]
    const other = seen.find(({ userId, revision }) => {
      const known = state[userId]
      return userId !== leaving.userId && (known === undefined || known.revision < revision)
    })
    if (other === undefined)
      throw new Refusal(
        'LAST_ADMINISTRATOR',
        'This is the last Global Administrator who is active, and one must remain. Make another one first.',
      )
    return [{ type: 'AdministratorCounted', data: { schemaVersion: 1, ...other } }, leave]
  },

  evolve: (state, { type, data: { userId, revision } }) => ({
    ...state,
    [userId]: { status: type === 'AdministratorCounted' ? 'counted' : 'leaving', revision },
  }),
}

/**
 * The roles by which a user approves changes of rules: all but that of Global Administrator where the operator of the machine
 * alone gave it.
 */
export function rolesForApproval({ roles, appointed }: Pick<User, 'roles' | 'appointed'>): readonly GlobalRole[] {
  return appointed === true ? roles.filter((role) => role !== 'globalAdministrator') : roles
}

/** Whether a user is one of those without whom nobody could give anybody a role any more. */
export function isActiveAdministrator(user: UserState): boolean {
  return user.status === 'active' && user.roles.includes('globalAdministrator')
}
