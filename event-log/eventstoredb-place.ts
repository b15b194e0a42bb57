import type { LogPosition } from './event-log.ts'

/** Where a subscriber is in a log that it sees a part of. */
export type SubscriberPlace = {
  /** What to subscribe after, when the subscription has to begin again. */
  resumeAfter(): LogPosition | undefined
  /** Whether a position of an event of ours is behind the subscriber. */
  hasPassed(position: LogPosition): boolean
  /** An event was read. @returns whether it is to be delivered: `false` for one that was */
  event(position: LogPosition): boolean
  /** The server says that it has looked at everything up to here. */
  checkpoint(position: LogPosition): void
}

/**
 * Checkpoints move a subscriber through what is not ours, so that coming back does not begin before it again. Servers of
 * some releases (24.10.0 to 24.10.4, 25.0) send a checkpoint ahead of an event that lies before it and is still to come. So a
 * checkpoint counts only once something behind it was read, and what was delivered is told by delivered events alone.
 *
 * @param after where the subscriber begins
 */
export function subscriberPlace(after: LogPosition | undefined): SubscriberPlace {
  let delivered = after
  let resume = after
  let unconfirmed: LogPosition | undefined

  function moveTo(position: LogPosition): void {
    if (unconfirmed !== undefined && unconfirmed < position) resume = later(resume, unconfirmed)
    unconfirmed = undefined
  }

  return {
    resumeAfter: () => resume,
    hasPassed: (position) => delivered !== undefined && position <= delivered,
    event(position) {
      if (delivered !== undefined && position <= delivered) return false
      moveTo(position)
      delivered = position
      resume = later(resume, position)
      return true
    },
    checkpoint(position) {
      moveTo(position)
      unconfirmed = position
    },
  }
}

function later(a: LogPosition | undefined, b: LogPosition): LogPosition {
  return a === undefined || a < b ? b : a
}
