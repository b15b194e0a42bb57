import { positionInvalid } from './check-arguments.ts'
import type { LogPosition } from './event-log.ts'

/** Digits of the largest integer that JavaScript holds exactly (2^53 − 1), so that text orders as numbers do. */
const digits = 16

/** The row number of an event, from 1 and without gaps, as 16 decimal digits. */
export function encodeSqlitePosition(position: number): LogPosition {
  return String(position).padStart(digits, '0') as LogPosition
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
