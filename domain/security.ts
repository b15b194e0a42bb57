import type { Actor } from './actor.ts'
import type { DomainEvent, Instant } from './event.ts'

/**
 * A security-relevant command was refused. The first refusal of a kind is recorded at once; repeats within a minute are
 * counted and recorded together.
 */
export type CommandRefused = DomainEvent<
  'CommandRefused',
  {
    /** What was asked, e.g. `approveSigningRequest`. */
    readonly command: string
    /** The refusal's code. */
    readonly code: string
    readonly message: string
    /** The entity that it was about, where one is known. */
    readonly subject: string | null
    /** How many refusals this event stands for. */
    readonly count: number
    readonly firstAt: Instant
    readonly lastAt: Instant
  }
>

/** What makes two refusals the same for counting. */
export function refusalKey(refused: {
  readonly actor: Actor
  readonly remoteAddress: string | undefined
  readonly command: string
  readonly code: string
  readonly subject: string | null
}): string {
  const { actor, remoteAddress, command, code, subject } = refused
  const who = actor.kind === 'user' ? actor.userId : (remoteAddress ?? actor.kind)
  return JSON.stringify([who, command, code, subject])
}
