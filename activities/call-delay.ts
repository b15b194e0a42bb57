import type { RecordedEvent } from '../event-log/index.ts'

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
