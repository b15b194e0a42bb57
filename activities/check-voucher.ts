import { fold, type Instant, Refusal, streams, trustedBuildSystemDecider, type Voucher } from '../domain/index.ts'
import type { RecordedEvent } from '../event-log/index.ts'
import { latest, wasOver } from './call-delay.ts'
import { faultOfNode } from './check-node.ts'

/** The events of a stream that stand before the event in question. They are checked like that event. */
export type EventsBefore = (streamId: string) => Promise<readonly RecordedEvent[]>

/** For what this release cannot check. */
export function unknownActor(what: string, name: string): Refusal {
  return new Refusal(
    'EVENT_ACTOR_UNKNOWN',
    `An event was caused by an actor that this release cannot check: it does not know ${what} ${name}. Use the release that wrote it.`,
  )
}

/**
 * Holds the trusted build system that vouched for a call against the log: it must have been there, enabled, and, where it vouched by
 * a token, have had that; and where the call came by an authentication proxy, what that signed about the node must hold. Whether it
 * could vouch for what was submitted (the link to the project) is asked where that counts.
 *
 * @returns what is wrong with it, as the end of a sentence about the actor; nothing when it could vouch
 * @throws Refusal `EVENT_ACTOR_UNKNOWN` for proofs that this release does not know, and for nodes of which no signed statement is there
 */
export async function faultOfVoucher(
  voucher: Voucher,
  event: RecordedEvent,
  eventsBefore: EventsBefore,
): Promise<string | undefined> {
  const { trustedBuildSystemId, proof, node, nodeStatement } = voucher
  const { method } = proof ?? {}
  if (method !== 'token' && method !== 'link' && method !== 'identityToken')
    throw unknownActor('calls that are vouched for by a trusted build system with', String(method))
  if (node !== null && nodeStatement === undefined)
    throw unknownActor('calls that are vouched for by', 'a node behind a proxy of which it signed nothing')
  const events = await eventsBefore(streams.trustedBuildSystem(trustedBuildSystemId))
  const system = fold(trustedBuildSystemDecider, events)
  const vouched = `vouched for by the trusted build system ${trustedBuildSystemId},`
  if (system.status === 'none' || system.organizationId !== event.metadata.organizationId)
    return `${vouched} which the organization did not have`
  const disabling = events.findLast(({ type }) => type === 'TrustedBuildSystemDisabled')
  if (system.status === 'disabled' && wasOver(disabling, event)) return `${vouched} which was disabled`
  const fault = faultOfNode(voucher, event, events)
  if (fault !== undefined) return `${vouched} ${fault}`
  // What a build system is only asked about counts by its answers, which the signer holds against what policy and project demand.
  if (proof.method === 'link') return undefined
  // Of the token of a job the log holds what it was: it counts as the one by which the user is authenticated, which is checked as that.
  if (proof.method === 'identityToken') {
    const { actor } = event.metadata
    const isOfUser = actor.kind === 'user' && actor.authentication.method === 'identityToken'
    return isOfUser ? undefined : `${vouched} by the token of a job by which they did not call`
  }
  const issued = events.filter(({ type }) => type === 'TrustedBuildSystemTokenIssued')
  const index = issued.findIndex(({ data }) => data.tokenId === proof.tokenId)
  if (index === -1) return `${vouched} which did not have the token`
  const end = endOfToken(issued, index)
  return end !== null && Date.parse(end) <= latest(event) ? `${vouched} whose token had been replaced` : undefined
}

/** When a token stopped working; `null` for the newest one. */
function endOfToken(issued: readonly RecordedEvent[], index: number): Instant | null {
  const [next, second] = issued.slice(index + 1, index + 3)
  if (next === undefined) return null
  const until = next.data.previousTokenValidUntil as Instant | null
  if (until === null || until < next.metadata.occurredAt) return next.metadata.occurredAt
  return second !== undefined && second.metadata.occurredAt < until ? second.metadata.occurredAt : until
}
