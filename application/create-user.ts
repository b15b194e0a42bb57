import { randomUUID } from 'node:crypto'
import {
  type GlobalRole,
  parseEmailAddress,
  parseName,
  Refusal,
  requireActiveUser,
  streams,
  type UserCommand,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { authorizeOver } from './authorize.ts'
import type { Requester } from './caller.ts'
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
 * Adds a user, with global roles if any. Only a Global Administrator makes another one. Name and address are recorded
 * sealed, with a key that is made for the user first: a key without a user, where the rest fails, says nothing of anybody.
 *
 * @throws Refusal `FORBIDDEN`, `NAME_MALFORMED`, `EMAIL_MALFORMED`; an error `PERSON_KEYS_…` while keys cannot be made
 */
export async function createUser(
  dependencies: Dependencies & Pick<ApplicationDependencies, 'persons'>,
  requester: Requester,
  input: UserInput,
): Promise<UserChanged> {
  authorizeOver(requester, input.roles)
  const userId = randomUUID() as UserId
  const { organizationId } = requester
  const name = parseName(input.name, "The user's name")
  const email = input.email === null ? null : parseEmailAddress(input.email)
  const sealed = await dependencies.persons.seal({ organizationId, userId }, { name, email })
  const send = (command: UserCommand) =>
    handleCommand(dependencies, requester, streams.user(userId), userDecider, command)
  let { position } = await send({ type: 'CreateUser', userId, organizationId, kind: input.kind, ...sealed })
  for (const role of new Set(input.roles)) ({ position } = await send({ type: 'GrantGlobalRole', role }))
  return { userId, position }
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
  const { organizationId } = requester
  const { responsible } = input
  const name = parseName(input.name, "The user's name")
  await requirePerson(dependencies, requester, responsible)
  const userId = randomUUID() as UserId
  const sealed = await dependencies.persons.seal({ organizationId, userId }, { name, email: null })
  const command = { type: 'CreateUser', userId, organizationId, kind: 'ci', ...sealed, responsible } as const
  const handled = await handleCommand(dependencies, requester, streams.user(userId), userDecider, command)
  return { userId, ...handled }
}

/** @throws Refusal `USER_NOT_FOUND`, `USER_DEACTIVATED`, `RESPONSIBLE_NOT_A_PERSON` */
async function requirePerson({ log }: Dependencies, requester: Requester, userId: UserId): Promise<void> {
  const { state } = await loadOwn(log, streams.user(userId), userDecider, requester)
  if (requireActiveUser(state).kind === 'interactive') return
  throw new Refusal('RESPONSIBLE_NOT_A_PERSON', `The user ${userId} is a CI user; a person is responsible for one.`)
}
