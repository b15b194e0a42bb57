import type { Decider } from './decider.ts'
import type { DomainEvent } from './event.ts'
import type { OrganizationId, UserId } from './ids.ts'
import { Refusal } from './refusal.ts'

/** Somebody as a build system names them: names change and are given to others, ids are not. */
export type BuildActorReference = {
  /** Whose id it is, as `systemOfActor` writes it: the issuer of identity tokens, or the base URL of the build system's API. */
  readonly system: string
  readonly actorId: string
}

/** The most characters of a system's address. */
const longestSystem = 500
/** The most characters of an actor's id. */
const longestActorId = 200

/**
 * Reads whom an administrator names.
 *
 * @throws Refusal `BUILD_ACTOR_MALFORMED`
 */
export function parseBuildActor({ system, actorId }: BuildActorReference): BuildActorReference {
  const actor = buildActorOf({ system: system.trim(), id: actorId.trim() })
  if (actor !== undefined) return actor
  throw new Refusal(
    'BUILD_ACTOR_MALFORMED',
    `An actor of a build system is named by the address of the system, which begins with https:// (or http://) and has neither user name, password, query nor fragment, and by the actor's id there, 1 to ${longestActorId} characters. A request with a verified origin shows both of its actors.`,
    { field: systemOfActor(system.trim()) === undefined ? 'system' : 'actorId' },
  )
}

/** An actor of a verified origin as links name it; `undefined` for one that no link can name. */
export function buildActorOf({
  system,
  id,
}: {
  readonly system: string
  readonly id: string
}): BuildActorReference | undefined {
  const address = systemOfActor(system)
  const isId = id.length > 0 && id.length <= longestActorId && id.isWellFormed() && !/[\p{Cc}\p{Cf}]/u.test(id)
  return address === undefined || !isId ? undefined : { system: address, actorId: id }
}

/** The address of a system in one form: scheme and host in lower case, no slash at the end. `undefined` when it is none. */
export function systemOfActor(text: string): string | undefined {
  const url = text.length <= longestSystem && /^https?:\/\/[!-~]+$/i.test(text) ? URL.parse(text) : null
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return undefined
  let { pathname } = url
  while (pathname.endsWith('/')) pathname = pathname.slice(0, -1)
  return `${url.protocol}//${url.host}${pathname}`
}

/** Whether two references name the same actor. */
export function isSameBuildActor(one: BuildActorReference, other: BuildActorReference): boolean {
  return one.system === other.system && one.actorId === other.actorId
}

/** What the name of an actor's stream is made of, as the UUID of a text. */
export function nameOfBuildActor(organizationId: OrganizationId, { system, actorId }: BuildActorReference): string {
  return JSON.stringify(['buildActor', organizationId, system, actorId])
}

/** A user may be linked with an actor: whether they are, their own stream says. */
export type BuildActorUserListed = DomainEvent<'BuildActorUserListed', { readonly userId: UserId }>

/** Those who were ever linked with an actor, in their order. */
export type BuildActorUsers = { readonly users: readonly UserId[] }

/** What can be asked of the list. */
export type BuildActorUsersCommand = { readonly type: 'ListUser'; readonly userId: UserId }

/** So many users an actor is ever linked with: the streams of all of them are read with each build of the actor. */
const mostUsers = 20

/**
 * The users who may be linked with an actor of a build system, in a stream of its own: it is found by what a verified origin says.
 * A user is listed before the link is made, so that none is made and not found; one who is listed and not linked counts for nothing.
 *
 * Refuses with `BUILD_ACTOR_LINKED`, `BUILD_ACTOR_TOO_MANY_USERS`.
 */
export const buildActorUsersDecider: Decider<BuildActorUsers, BuildActorUsersCommand, BuildActorUserListed> = {
  initialState: () => ({ users: [] }),
  eventTypes: ['BuildActorUserListed'],
  decide({ userId }, { users }) {
    if (users.includes(userId)) throw new Refusal('BUILD_ACTOR_LINKED', 'The user is listed with this actor already.')
    if (users.length >= mostUsers)
      throw new Refusal(
        'BUILD_ACTOR_TOO_MANY_USERS',
        `An actor of a build system can be linked with ${mostUsers} users in all, those among them whose link was ended.`,
        { limit: mostUsers },
      )
    return [{ type: 'BuildActorUserListed', data: { schemaVersion: 1, userId } }]
  },
  evolve: ({ users }, { data: { userId } }) => (users.includes(userId) ? { users } : { users: [...users, userId] }),
}
