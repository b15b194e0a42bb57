import {
  type BuildActor,
  type BuildActorReference,
  buildActorOf,
  buildActorUsersDecider,
  fold,
  isLinkedWithActor,
  isSameBuildActor,
  nameOfBuildActor,
  type OrganizationId,
  type OriginVerified,
  peopleBehind,
  type SigningRequest,
  streams,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { before, type EventLog, type RecordedEvent, readWholeStream, uuidFromText } from '../event-log/index.ts'
import { latest } from './call-delay.ts'
import { policyMismatch } from './check-policy.ts'
import { requireApprovedChange } from './check-rule-change.ts'
import type { GroundsLog } from './grounds.ts'

type ReadableLog = Pick<EventLog, 'readStream'>

/** Those events of a stream that count. */
type Until = (events: readonly RecordedEvent[]) => readonly RecordedEvent[]

/**
 * The users whom administrators have linked with the actors of a build, and who is behind their accounts.
 *
 * @returns each once, in the order of their ids
 */
export function peopleOfBuild(
  log: ReadableLog,
  organizationId: OrganizationId,
  actors: readonly BuildActor[],
): Promise<readonly UserId[]> {
  return linkedPeople(log, organizationId, actors, (events) => events)
}

/**
 * A request whose origin was verified must name everybody whom its build's actors were linked with then: their approvals must not
 * count. A link that was ended before must have been ended as the organization demanded it. One that was made or ended while the
 * origin was being recorded may be named or not.
 *
 * @param events the request's stream
 * @throws Refusal `POLICY_MISMATCH`, `RULE_CHANGE_NOT_APPROVED`
 */
export async function checkPeopleOfBuild(
  log: GroundsLog,
  request: SigningRequest,
  events: readonly RecordedEvent[],
): Promise<void> {
  const { organizationId, submitter, peopleBehind: named = [] } = request
  const verified = events.find(({ type }) => type === 'OriginVerified')
  if (verified === undefined) return
  const { actors } = (verified.data as OriginVerified['data']).origin
  const atTheTime: Until = (history) => before(verified, history)
  const wellBefore: Until = (history) =>
    atTheTime(history).filter(({ metadata }) => Date.parse(metadata.occurredAt) <= latest(verified))
  const demanded = await linkedPeople(log, organizationId, actors, atTheTime)
  const settled = new Set(await linkedPeople(log, organizationId, actors, wellBefore))
  const isNamed = (person: UserId) => person === submitter || named.includes(person)
  if (!demanded.every((person) => isNamed(person) || !settled.has(person))) throw policyMismatch('peopleBehind')
  for (const ended of await endedLinks(log, organizationId, actors, atTheTime))
    await requireApprovedChange(log, organizationId, ended)
}

async function linkedPeople(
  log: ReadableLog,
  organizationId: OrganizationId,
  actors: readonly BuildActor[],
  until: Until,
): Promise<readonly UserId[]> {
  const historyOf = async (userId: UserId) => until((await readWholeStream(log, streams.user(userId))).events)
  const people = new Set<UserId>()
  for (const actor of namedActors(actors))
    for (const userId of await listedUsers(log, organizationId, actor)) {
      if (!isLinkedWithActor(fold(userDecider, await historyOf(userId)), actor)) continue
      people.add(userId)
      // Nobody acts by the account here, so no token counts: only who answers for it.
      for (const person of await peopleBehind(userId, { kind: 'anonymous' }, historyOf)) people.add(person)
    }
  return [...people].sort()
}

/** The last ends of links that do not hold. */
async function endedLinks(
  log: ReadableLog,
  organizationId: OrganizationId,
  actors: readonly BuildActor[],
  until: Until,
): Promise<readonly RecordedEvent[]> {
  const ended: RecordedEvent[] = []
  for (const actor of namedActors(actors))
    for (const userId of await listedUsers(log, organizationId, actor)) {
      const history = until((await readWholeStream(log, streams.user(userId))).events)
      const last = history.findLast(
        ({ type, data }) =>
          (type === 'BuildActorLinked' || type === 'BuildActorUnlinked') &&
          isSameBuildActor(data as BuildActorReference, actor),
      )
      if (last?.type === 'BuildActorUnlinked') ended.push(last)
    }
  return ended
}

/** The actors that links can name, each once. */
function namedActors(actors: readonly BuildActor[]): readonly BuildActorReference[] {
  const named: BuildActorReference[] = []
  for (const actor of actors) {
    const reference = buildActorOf(actor)
    if (reference !== undefined && !named.some((each) => isSameBuildActor(each, reference))) named.push(reference)
  }
  return named
}

async function listedUsers(
  log: ReadableLog,
  organizationId: OrganizationId,
  actor: BuildActorReference,
): Promise<readonly UserId[]> {
  const stream = streams.buildActor(uuidFromText(nameOfBuildActor(organizationId, actor)))
  const { events } = await readWholeStream(log, stream)
  return fold(
    buildActorUsersDecider,
    events.filter(({ metadata }) => metadata.organizationId === organizationId),
  ).users
}
