import { positionInvalid } from './check-arguments.ts'
import type { LogPosition } from './event-log.ts'

/** Digits of the largest integer that JavaScript holds exactly (2^53 − 1), so that text orders as numbers do. */
const digits = 16

const zeros = '0'.repeat(digits)

/** The row number of an event, from 1 and without gaps, as 16 decimal digits. */
export function encodeSqlitePosition(position: number): LogPosition {
  // `toFixed`, since V8 puts the texts that `String` makes of numbers among what is old, where they stay until all of the heap
  // is collected: somebody who reads millions of events would fill it with them.
  return `${zeros}${position.toFixed(0)}`.slice(-digits) as LogPosition
}

/**
 * Reads what {@link encodeSqlitePosition} wrote; 0, before every event, when there is none.
 *
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID`
 */
export function decodeSqlitePosition(position: LogPosition | undefined): number {
  if (position === undefined) return 0
  const row = /^[0-9]{16}$/.test(position) ? Number(position) : Number.NaN
  if (!Number.isSafeInteger(row)) throw positionInvalid(position)
  return row
}
