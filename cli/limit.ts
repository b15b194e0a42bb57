import { usageError } from './cli-error.ts'

/** Reads how many items a command is to show at the most. @throws CliError (exit code: usage) */
export function parseLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw usageError(`--limit is not a whole number from 1: ${JSON.stringify(text)}.`)
  return limit
}
