import { randomUUID } from 'node:crypto'
import {
  type GlobalRole,
  parseEmailAddress,
  parseName,
  Refusal,
  requireActiveUser,
  streams,
  type UserCommand,
  type UserFacts,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { isSetup, type Requester } from './caller.ts'
import { type Handled, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now'>

/** Who a user is to be. */
export type UserInput = {
  readonly kind: 'interactive' | 'ci'
  readonly name: string
  readonly email: string | null
  readonly roles: readonly GlobalRole[]
}

/** What a CI user is to be. */
export type CiUserInput = {
  readonly name: string
  /** The person who answers for it. */
  readonly responsible: UserId
}

/** A user, and where the log was when they were changed. */
export type UserChanged = Handled & { readonly userId: UserId }

/**
 * Adds a user who may act at once, with global roles if any: for the set-up alone. Everybody else invites people. Name and
 * address are recorded sealed, with a key that is made for the user first: a key without a user, where the rest fails, says
 * nothing of anybody, and leaves the address to whoever is added with it next.
 *
 * @throws Refusal `FORBIDDEN`, `NAME_MALFORMED`, `EMAIL_MALFORMED`, `USER_EMAIL_TAKEN`; an error `PERSON_KEYS_…` while keys
 *   cannot be made
 */
export async function createUser(
  dependencies: Dependencies & Pick<ApplicationDependencies, 'persons'>,
  requester: Requester,
  input: UserInput,
): Promise<UserChanged> {
  if (!isSetup(requester))
    throw new Refusal('FORBIDDEN', 'A person is invited, and makes their first API token themselves.')
  const added = await addUser(dependencies, requester, { ...input, responsible: null }, (facts) => ({
    type: 'CreateUser',
    ...facts,
  }))
  return withRoles(dependencies, requester, added, input.roles)
}

/**
 * Adds a CI user, which holds no roles at first and never signs in. Its name and no address are recorded sealed.
 *
 * @throws Refusal `NAME_MALFORMED`, `USER_NOT_FOUND`, `RESPONSIBLE_NOT_A_PERSON`; an error `PERSON_KEYS_…` while keys cannot be made
 */
export async function createCiUser(
  dependencies: Dependencies & Pick<ApplicationDependencies, 'persons'>,
  requester: Requester,
  input: CiUserInput,
): Promise<UserChanged> {
  await requirePerson(dependencies, requester, input.responsible)
  const ciUser = { ...input, kind: 'ci', email: null } as const
  return addUser(dependencies, requester, ciUser, (facts) => ({ type: 'CreateUser', ...facts }))
}

/**
 * Records a new user with name and address sealed.
 *
 * @param command what is asked of the new user's stream
 * @throws Refusal `NAME_MALFORMED`, `EMAIL_MALFORMED`, `USER_EMAIL_TAKEN`; an error `PERSON_KEYS_…`
 */
export async function addUser(
  dependencies: Dependencies & Pick<ApplicationDependencies, 'persons'>,
  requester: Requester,
  user: Pick<UserInput, 'kind' | 'name' | 'email'> & { readonly responsible: UserId | null },
  command: (facts: UserFacts) => UserCommand,
): Promise<UserChanged> {
  const { organizationId } = requester
  const { kind, responsible } = user
  const name = parseName(user.name, "The user's name")
  const email = user.email === null ? null : parseEmailAddress(user.email)
  const person = { organizationId, userId: randomUUID() as UserId }
  // An address that was sealed for a user whom nobody recorded, because a process ended in between, is that user's still: of
  // all who add them now, the user's own stream lets one succeed.
  const sealed = await dependencies.persons.seal(person, { name, email })
  const { userId } = sealed
  const facts = { organizationId, kind, ...sealed, ...(responsible === null ? {} : { responsible }) }
  try {
    return {
      userId,
      ...(await handleCommand(dependencies, requester, streams.user(userId), userDecider, command(facts))),
    }
  } catch (error) {
    throw error instanceof Refusal && error.code === 'USER_EXISTS' ? emailTaken() : error
  }
}

/**
 * Gives a user that was just added their global roles, together: where such changes are controlled, they are one proposal.
 *
 * @throws Refusal as the user's decider
 */
export async function withRoles(
  dependencies: Dependencies,
  requester: Requester,
  added: UserChanged,
  roles: readonly GlobalRole[],
): Promise<UserChanged> {
  if (roles.length === 0) return added
  const { userId } = added
  const command = { type: 'GrantGlobalRoles', roles: [...new Set(roles)] } as const
  return { userId, ...(await handleCommand(dependencies, requester, streams.user(userId), userDecider, command)) }
}

/** Does not repeat the address: refusals are recorded. */
function emailTaken(): Refusal {
  return new Refusal(
    'USER_EMAIL_TAKEN',
    'A user of this organization has this e-mail address already: each has one of their own, without regard to case.',
  )
}

/** @throws Refusal `USER_NOT_FOUND`, `USER_DEACTIVATED`, `RESPONSIBLE_NOT_A_PERSON` */
async function requirePerson({ log }: Dependencies, requester: Requester, userId: UserId): Promise<void> {
  const { state } = await loadOwn(log, streams.user(userId), userDecider, requester)
  if (requireActiveUser(state).kind === 'interactive') return
  throw new Refusal('RESPONSIBLE_NOT_A_PERSON', `The user ${userId} is a CI user; a person is responsible for one.`)
}
