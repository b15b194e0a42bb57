import { usageError } from './cli-error.ts'

const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** The longest wait that timers of Node.js can measure, 2³¹ − 1 ms, in whole days. */
const longestWaitDays = 24

/**
 * Reads a duration: a whole number with `s`, `m`, `h` or `d` behind it; seconds without.
 *
 * @param longestDays by default what this process can wait
 * @returns milliseconds
 * @throws CliError `USAGE` when it is none, zero or longer
 */
export function parseDuration(text: string, option: string, longestDays = longestWaitDays): number {
  const [, amount, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text.trim()) ?? []
  const duration = Number(amount) * seconds[unit as keyof typeof seconds] * 1000
  if (amount === undefined || duration === 0 || duration > longestDays * seconds.d * 1000)
    throw usageError(
      `${option} is not a duration between 1 second and ${longestDays} days: ${JSON.stringify(text.slice(0, 60))}.`,
      'It looks like 90s, 15m, 2h or 1d.',
    )
  return duration
}

/**
 * Reads a moment: ISO 8601 with a time zone, or a date, which begins at midnight UTC.
 *
 * @returns ISO 8601 in UTC with milliseconds
 * @throws CliError `USAGE`
 */
export function parseInstant(text: string, option: string): string {
  const form = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/
  const time = form.test(text) ? Date.parse(text) : Number.NaN
  // `Date.parse` rolls over days that a month does not have; such a day was meant to be another.
  const day = text.slice(0, 10)
  if (Number.isNaN(time) || new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day)
    throw usageError(
      `${option} is not a moment: ${JSON.stringify(text.slice(0, 60))}.`,
      'It looks like 2026-01-31, 2026-01-31T09:30:00Z or 2026-01-31T10:30:00+01:00.',
    )
  return new Date(time).toISOString()
}
