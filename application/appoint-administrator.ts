import { randomUUID } from 'node:crypto'
import {
  controlInForce,
  existingOrganization,
  organizationDecider,
  parseName,
  Refusal,
  streams,
  type UserCommand,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { appendDecided, type LogPosition, prepareEvents } from '../event-log/index.ts'
import { newApiToken } from './api-token.ts'
import { metadataFor } from './caller.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import type { Setup } from './setup.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'persons'>

/** Who is to be Global Administrator: somebody new by their name, or a user who is there. */
export type AppointedAdministrator = { readonly name: string } | { readonly userId: UserId }

/** A Global Administrator whom the operator of the machine has made. */
export type Appointment = {
  readonly userId: UserId
  /** The API token of somebody new, which is shown this once; `null` for a user who was there: they have their own. */
  readonly token: string | null
  readonly position: LogPosition
}

/**
 * Makes somebody Global Administrator, or has one back who was deactivated, in the name of whoever operates the machine: for
 * the day on which nobody is left who could. It asks nobody, also where changes of rules are controlled. There the role is
 * given as one that approves no changes (`AdministratorAppointed`); one that a user was given by the rules before is as it was.
 *
 * @throws Refusal `ORGANIZATION_NOT_FOUND`, `NAME_MALFORMED`, `USER_NOT_FOUND`, `USER_ERASED`, `ROLE_NEEDS_PERSON`,
 *   `ROLE_HELD` when the user is an active Global Administrator already; an error `PERSON_KEYS_…` while keys cannot be made
 */
export async function appointAdministrator(
  dependencies: Dependencies,
  operator: Setup,
  who: AppointedAdministrator,
): Promise<Appointment> {
  const { log, now, persons } = dependencies
  const { organizationId } = operator
  const { state } = await loadOwn(log, streams.organization(organizationId), organizationDecider, operator)
  const control = controlInForce(existingOrganization(state))
  const appoint = (userId: UserId) =>
    append(
      userId,
      control === null
        ? { type: 'GrantGlobalRoles', roles: ['globalAdministrator'] }
        : { type: 'AppointAdministrator' },
    )
  if ('userId' in who) return { userId: who.userId, token: null, position: await bringBack(who.userId) }

  const userId = randomUUID() as UserId
  const sealed = await persons.seal({ organizationId, userId }, { name: parseName(who.name, 'The name'), email: null })
  await append(userId, { type: 'CreateUser', organizationId, kind: 'interactive', ...sealed })
  await appoint(userId)
  const { text: token, hash: tokenHash, prefix } = newApiToken(userId)
  const facts = { tokenId: randomUUID() as never, name: 'operator', tokenHash, prefix, expiresAt: null }
  return { userId, token, position: await append(userId, { type: 'IssueApiToken', ...facts, at: now() }) }

  async function bringBack(user: UserId): Promise<LogPosition> {
    const { state: found } = await loadOwn(log, streams.user(user), userDecider, operator)
    if (found.status === 'none') throw new Refusal('USER_NOT_FOUND', 'There is no such user.')
    const isAdministrator = found.roles.includes('globalAdministrator')
    if (found.status !== 'deactivated') return appoint(user)
    // Who could not be one is not reactivated either.
    if (found.kind === 'ci') return appoint(user)
    const position = await append(user, { type: 'ReactivateUser' })
    return isAdministrator ? position : appoint(user)
  }

  /** Decides and appends as `handleCommand` does, but proposes nothing. */
  async function append(user: UserId, command: UserCommand): Promise<LogPosition> {
    const streamId = streams.user(user)
    const { appended } = await appendDecided(
      log,
      async () => ({ streamId, ...(await loadOwn(log, streamId, userDecider, operator)) }),
      ({ state: before, revision }) =>
        prepareEvents(
          streamId,
          revision,
          userDecider.decide(command, before),
          // Of what one call asks for twice, the log takes one.
          metadataFor(operator.anotherCall(), now()),
        ),
    )
    if (appended === undefined) throw new Error(`Nothing was decided about the user ${user}.`)
    return appended.position
  }
}
