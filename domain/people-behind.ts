import { type Actor, actingUser } from './actor.ts'
import { type FoldedEvent, fold } from './decider.ts'
import type { ApiTokenId, UserId } from './ids.ts'
import { type InvitationAccepted, type InvitationIssued, userDecider } from './user/index.ts'

/** Gives a user's own stream, with the metadata of its events. */
export type HistoryOfUser = (userId: UserId) => Promise<readonly FoldedEvent[]>

/**
 * The people behind what an account does, besides itself: who is responsible for a CI user, who made the token by which it
 * acted, who was shown the invitation that the account began with (nobody when it was mailed, or once the address was proved), and whoever is behind these
 * in the same way. What they do by whatever account counts as done by one person.
 *
 * @param userId the account
 * @param actor who acted, as the event says; a part of the service adds nobody
 * @returns each once, in the order of their ids
 */
export async function peopleBehind(userId: UserId, actor: Actor, historyOf: HistoryOfUser): Promise<readonly UserId[]> {
  const behind = new Set<UserId>()
  const seen = new Set<string>()
  const open: { readonly userId: UserId; readonly actor: Actor }[] = [{ userId, actor }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const account = next
    const tokenId = ownToken(account.userId, account.actor)
    // One account with two tokens may have two people behind it.
    const once = `${account.userId} ${tokenId ?? ''}`
    if (seen.has(once)) continue
    seen.add(once)
    const history = await historyOf(account.userId)
    const user = fold(userDecider, history)
    const responsible = user.status === 'none' ? undefined : user.responsible
    if (responsible !== undefined) {
      behind.add(responsible)
      open.push({ userId: responsible, actor: { kind: 'anonymous' } })
    }
    const makerOfToken = tokenId === undefined ? undefined : issueOf(history, tokenId)?.metadata?.actor
    for (const maker of [makerOfToken, inviter(history)]) {
      const makerId = maker === undefined ? null : actingUser(maker)
      if (maker === undefined || makerId === null) continue
      behind.add(makerId)
      open.push({ userId: makerId, actor: maker })
    }
  }
  behind.delete(userId)
  return [...behind].sort()
}

/** The event that made a token, in the history of the token's user. */
export function issueOf<Event extends FoldedEvent>(history: readonly Event[], tokenId: ApiTokenId): Event | undefined {
  return history.find(
    ({ type, data }) => type === 'ApiTokenIssued' && (data as { readonly tokenId: unknown }).tokenId === tokenId,
  )
}

/** The token by which an account acted itself; `undefined` when it acted by something else, or somebody else did. */
export function ownToken(userId: UserId, actor: Actor): ApiTokenId | undefined {
  if (actor.kind !== 'user' || actor.userId !== userId || actor.authentication.method !== 'apiToken') return undefined
  return actor.authentication.tokenId
}

/** Who was shown the token of the invitation that was accepted; nobody once the address was proved. */
function inviter(history: readonly FoldedEvent[]): Actor | undefined {
  const isProved = ({ type, metadata }: FoldedEvent) =>
    // A user who says so of an account may be the one who invited it.
    type === 'EmailAddressProved' && metadata?.actor.kind === 'system'
  const accepted = history.find(({ type }) => type === 'InvitationAccepted')
  if (accepted === undefined || history.some(isProved)) return undefined
  const { invitationId } = accepted.data as InvitationAccepted['data']
  const issued = history.find(
    ({ type, data }) =>
      type === 'InvitationIssued' && (data as { readonly invitationId: unknown }).invitationId === invitationId,
  )
  // Nobody was shown what the service mailed to the address itself.
  return (issued?.data as InvitationIssued['data'] | undefined)?.delivery === 'mailed'
    ? undefined
    : issued?.metadata?.actor
}
