import {
  type BuildActorReference,
  buildActorUsersDecider,
  nameOfBuildActor,
  type OrganizationId,
  parseBuildActor,
  peopleBehind,
  Refusal,
  streams,
  type UserCommand,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { type EventLog, readWholeStream, uuidFromText } from '../event-log/index.ts'
import { authorizeOver } from './authorize.ts'
import { isSetup, type Requester } from './caller.ts'
import type { UserChanged } from './create-user.ts'
import { type BasedOn, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { peopleBehindCaller } from './principals.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now'>

/** Which actor of a build system which user is, or is no longer. */
export type BuildActorLinking = BasedOn & BuildActorReference & { readonly userId: UserId }

/**
 * Says that an actor of a build system is a user: what the actor builds counts from then on as submitted by the user. It holds at
 * once, whatever the organization controls, since it only takes something away.
 *
 * @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, `BUILD_ACTOR_TOO_MANY_USERS`, and as the user's decider
 */
export async function linkBuildActor(
  dependencies: Dependencies,
  requester: Requester,
  input: BuildActorLinking,
): Promise<UserChanged> {
  const { userId, system, actorId, ...basis } = input
  const actor = parseBuildActor({ system, actorId })
  const command = { type: 'LinkBuildActor', ...actor } as const
  const { log } = dependencies
  const { state } = await loadOwn(log, streams.user(userId), userDecider, requester)
  // Refuses what cannot be done before the user is listed.
  userDecider.decide(command, state)
  if (state.status !== 'none') authorizeOver(requester, state.roles)
  const stream = streamOf(requester.organizationId, actor)
  const listed = (await loadOwn(log, stream, buildActorUsersDecider, requester)).state
  if (!listed.users.includes(userId)) await list(dependencies, requester, stream, userId)
  return { userId, ...(await send(dependencies, requester, userId, command, basis)) }
}

/**
 * Ends that for what is verified from now on. Nobody ends a link of their own accounts: they could approve then what they built.
 *
 * @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, `BUILD_ACTOR_OWN`, and as the user's decider
 */
export async function unlinkBuildActor(
  dependencies: Dependencies,
  requester: Requester,
  input: BuildActorLinking,
): Promise<UserChanged> {
  const { userId, system, actorId, ...basis } = input
  const { state } = await loadOwn(dependencies.log, streams.user(userId), userDecider, requester)
  if (state.status !== 'none') {
    authorizeOver(requester, state.roles)
    await refuseOwn(dependencies.log, requester, userId)
  }
  const command = { type: 'UnlinkBuildActor', system, actorId } as const
  return { userId, ...(await send(dependencies, requester, userId, command, basis)) }
}

/** Somebody else may have listed the user meanwhile. */
async function list(dependencies: Dependencies, requester: Requester, stream: string, userId: UserId): Promise<void> {
  try {
    await handleCommand(dependencies, requester, stream, buildActorUsersDecider, { type: 'ListUser', userId })
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'BUILD_ACTOR_LINKED')) throw error
  }
}

/** @throws Refusal `BUILD_ACTOR_OWN` */
async function refuseOwn(log: EventLog, requester: Requester, userId: UserId): Promise<void> {
  if (isSetup(requester)) return
  const historyOf = async (id: UserId) => (await readWholeStream(log, streams.user(id))).events
  const linked = [userId, ...(await peopleBehind(userId, { kind: 'anonymous' }, historyOf))]
  const people = [requester.userId, ...(await peopleBehindCaller(log, requester))]
  if (!linked.some((person) => people.includes(person))) return
  throw new Refusal(
    'BUILD_ACTOR_OWN',
    'You are behind this account, and would be allowed to approve what you built. Have another administrator of users end the link.',
    { userId },
  )
}

function send(
  dependencies: Dependencies,
  requester: Requester,
  userId: UserId,
  command: UserCommand,
  basis: BasedOn,
): ReturnType<typeof handleCommand> {
  return handleCommand(dependencies, requester, streams.user(userId), userDecider, command, basis)
}

function streamOf(organizationId: OrganizationId, actor: BuildActorReference): string {
  return streams.buildActor(uuidFromText(nameOfBuildActor(organizationId, actor)))
}
