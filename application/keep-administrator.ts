import {
  administratorsDecider,
  type DomainEvent,
  fold,
  isActiveAdministrator,
  parseStreamName,
  Refusal,
  type SeenAdministrator,
  streams,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { appendDecided, type EventLog, prepareEvents, readWholeStream } from '../event-log/index.ts'
import { metadataFor, type Requester } from './caller.ts'
import { loadOwn } from './load.ts'
import type { AdministratorIndex, ApplicationDependencies } from './ports.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'now'> & {
  /** Where to look for others than who asks; only that one is looked at without it. */
  readonly administrators?: AdministratorIndex
}

/** What is about to be appended, and behind which revision. */
export type ImpendingAppend = {
  readonly streamId: string
  readonly revision: number | 'noStream'
  readonly events: readonly DomainEvent[]
}

/**
 * Asked before anything is appended to a user's stream: when it ends that the user is an active Global Administrator, in
 * whatever way, another one must remain. Then it is recorded that the user is leaving, which binds what is appended to exactly
 * this revision.
 *
 * @throws Refusal `LAST_ADMINISTRATOR`
 */
export async function keepAdministrator(
  dependencies: Dependencies,
  requester: Requester,
  { streamId, revision, events }: ImpendingAppend,
): Promise<void> {
  const name = parseStreamName(streamId)
  if (name?.kind !== 'user' || revision === 'noStream') return
  const { log } = dependencies
  const { events: recorded } = await readWholeStream(log, streamId)
  const before = fold(userDecider, recorded.slice(0, revision + 1))
  if (!isActiveAdministrator(before) || isActiveAdministrator(fold(userDecider, events, before))) return
  const leaving = { userId: name.id as UserId, revision }
  const requesting = 'userId' in requester ? [requester.userId] : []
  try {
    await letLeave(dependencies, requester, leaving, requesting)
  } catch (error) {
    const { administrators } = dependencies
    if (!(error instanceof Refusal) || administrators === undefined) throw error
    await administrators.catchUp()
    await letLeave(dependencies, requester, leaving, await administrators.of(requester.organizationId))
  }
}

/** @throws Refusal `LAST_ADMINISTRATOR` when of these, and of those who are counted already, none remains */
async function letLeave(
  { log, now }: Dependencies,
  requester: Requester,
  leaving: SeenAdministrator,
  others: readonly UserId[],
): Promise<void> {
  const streamId = streams.administrators(requester.organizationId)
  await appendDecided(
    log,
    async () => {
      const seen = await seenIn(log, requester, others)
      return { streamId, seen, ...(await loadOwn(log, streamId, administratorsDecider, requester)) }
    },
    ({ state, revision, seen }) => {
      const events = administratorsDecider.decide({ type: 'LetAdministratorLeave', leaving, seen }, state)
      return prepareEvents(streamId, revision, events, metadataFor(requester, now()))
    },
  )
}

async function seenIn(
  log: EventLog,
  requester: Requester,
  users: readonly UserId[],
): Promise<readonly SeenAdministrator[]> {
  const seen: SeenAdministrator[] = []
  for (const userId of users) {
    const { state, revision } = await loadOwn(log, streams.user(userId), userDecider, requester)
    if (isActiveAdministrator(state) && revision !== 'noStream') seen.push({ userId, revision })
  }
  return seen
}
