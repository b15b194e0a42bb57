import { type BuildActorReference, isSameBuildActor, parseBuildActor } from '../build-actor.ts'
import { Refusal } from '../refusal.ts'
import type { UserEvent } from './events.ts'
import type { User, UserState } from './state.ts'

/** What can be asked about the actors of build systems that a user is linked with. */
export type BuildActorCommand =
  | ({ readonly type: 'LinkBuildActor' } & BuildActorReference)
  | ({ readonly type: 'UnlinkBuildActor' } & BuildActorReference)

/** So many actors a user is linked with. */
const mostActors = 100

/** Whether a user is linked with an actor of a build system. */
export function isLinkedWithActor(state: UserState, actor: BuildActorReference): boolean {
  return state.status !== 'none' && (state.buildActors ?? []).some((each) => isSameBuildActor(each, actor))
}

/**
 * Links a user with an actor, or ends that.
 *
 * @throws Refusal `BUILD_ACTOR_MALFORMED`, `BUILD_ACTOR_LINKED`, `BUILD_ACTOR_NOT_LINKED`, `BUILD_ACTORS_TOO_MANY`
 */
export function changeBuildActors(command: BuildActorCommand, user: User): readonly UserEvent[] {
  const actor = parseBuildActor(command)
  const isLinked = isLinkedWithActor(user, actor)
  const who = `the actor ${actor.actorId} of ${actor.system}`
  if (command.type === 'UnlinkBuildActor') {
    if (isLinked) return [{ type: 'BuildActorUnlinked', data: { schemaVersion: 1, ...actor } }]
    throw new Refusal('BUILD_ACTOR_NOT_LINKED', `The user ${user.userId} is not linked with ${who}.`, actor)
  }
  if (isLinked) throw new Refusal('BUILD_ACTOR_LINKED', `The user ${user.userId} is linked with ${who} already.`, actor)
  if ((user.buildActors ?? []).length >= mostActors)
    throw new Refusal('BUILD_ACTORS_TOO_MANY', `A user is linked with ${mostActors} actors at the most.`, {
      limit: mostActors,
    })
  return [{ type: 'BuildActorLinked', data: { schemaVersion: 1, ...actor } }]
}
