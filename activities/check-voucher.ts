import { fold, type Instant, Refusal, streams, trustedBuildSystemDecider, type Voucher } from '../domain/index.ts'
import type { RecordedEvent } from '../event-log/index.ts'

/** The events of a stream that stand before the event in question. They are checked like that event. */
export type EventsBefore = (streamId: string) => Promise<readonly RecordedEvent[]>

/**
 * How long what a call caused may be recorded after its token stopped working, in milliseconds: the call may have been
 * under way, and clocks of processes differ.
 */
export const longestDelay = 5 * 60_000

/** The moment until which what an event rests on must have worked, in milliseconds. */
export function latest(event: RecordedEvent): number {
  return Date.parse(event.metadata.occurredAt) - longestDelay
}

/** Whether what was ended by an event could not be the ground of another one any more. */
export function wasOver(ending: RecordedEvent | undefined, event: RecordedEvent): boolean {
  return ending !== undefined && Date.parse(ending.metadata.occurredAt) <= latest(event)
}

/** For what this release cannot check. */
export function unknownActor(what: string, name: string): Refusal {
  return new Refusal(
    'EVENT_ACTOR_UNKNOWN',
    `An event was caused by an actor that this release cannot check: it does not know ${what} ${name}. Use the release that wrote it.`,
  )
}

/**
 * Holds the trusted build system that vouched for a call against the log: it must have been there, enabled, and, where it vouched by
 * a token, have had that. Whether it could vouch for what was submitted (the link to the project) is asked where that counts.
 *
 * @returns what is wrong with it, as the end of a sentence about the actor; nothing when it could vouch
 * @throws Refusal `EVENT_ACTOR_UNKNOWN` for proofs other than a token and a link, and for nodes behind a proxy
 */
export async function faultOfVoucher(
  { trustedBuildSystemId, proof, node }: Voucher,
  event: RecordedEvent,
  eventsBefore: EventsBefore,
): Promise<string | undefined> {
  if (proof?.method !== 'token' && proof?.method !== 'link')
    throw unknownActor('calls that are vouched for by a trusted build system with', String(proof?.method))
  if (node !== null) throw unknownActor('calls that are vouched for by', 'a node behind a proxy')
  const events = await eventsBefore(streams.trustedBuildSystem(trustedBuildSystemId))
  const system = fold(trustedBuildSystemDecider, events)
  const vouched = `vouched for by the trusted build system ${trustedBuildSystemId},`
  if (system.status === 'none' || system.organizationId !== event.metadata.organizationId)
    return `${vouched} which the organization did not have`
  const disabling = events.findLast(({ type }) => type === 'TrustedBuildSystemDisabled')
  if (system.status === 'disabled' && wasOver(disabling, event)) return `${vouched} which was disabled`
  // What a build system is only asked about counts by its answers, which the signer holds against what policy and project demand.
  if (proof.method === 'link') return undefined
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
