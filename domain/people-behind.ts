import { type Actor, actingUser } from './actor.ts'
import { type FoldedEvent, fold } from './decider.ts'
import type { UserId } from './ids.ts'
import { userDecider } from './user/index.ts'

/** Gives a user's own stream, with the metadata of its events. */
export type HistoryOfUser = (userId: UserId) => Promise<readonly FoldedEvent[]>

/**
 * The people behind what an account does, besides itself: who is responsible for a CI user, who made the token by which it
 * acted, and whoever is behind that in the same way. What they do by whatever account counts as done by one person.
 *
 * @param userId the account
 * @param actor who acted, as the event says; a part of the service adds nobody
 * @returns each once, in the order of their ids
 */
export async function peopleBehind(userId: UserId, actor: Actor, historyOf: HistoryOfUser): Promise<readonly UserId[]> {
  const behind = new Set<UserId>()
  const seen = new Set<UserId>()
  const open: { readonly userId: UserId; readonly actor: Actor }[] = [{ userId, actor }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const account = next
    if (seen.has(account.userId)) continue
    seen.add(account.userId)
    const history = await historyOf(account.userId)
    const user = fold(userDecider, history)
    if (user.status !== 'none' && user.responsible !== undefined) behind.add(user.responsible)
    if (account.actor.kind !== 'user' || account.actor.userId !== account.userId) continue
    const { authentication } = account.actor
    if (authentication.method !== 'apiToken') continue
    const issued = history.find(
      ({ type, data }) =>
        type === 'ApiTokenIssued' && (data as { readonly tokenId: unknown }).tokenId === authentication.tokenId,
    )
    const maker = issued?.metadata?.actor
    const makerId = maker === undefined ? null : actingUser(maker)
    if (maker === undefined || makerId === null) continue
    behind.add(makerId)
    open.push({ userId: makerId, actor: maker })
  }
  behind.delete(userId)
  return [...behind].sort()
}
