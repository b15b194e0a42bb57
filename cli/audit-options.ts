import type { Command } from 'commander'
import type { RecordedWhen } from './documents/audit.ts'
import { parseInstant } from './duration.ts'
import { parseId } from './entity-id.ts'

/** The options that restrict lists of what was recorded for auditors. */
export type RecordedOptions = {
  readonly user?: string
  readonly since?: string
  readonly until?: string
}

/** Adds them. */
export function withRecorded(command: Command): Command {
  return command
    .option('--user <id>', 'only about this user')
    .option('--since <time>', 'only recorded at this time or later: 2026-01-31, 2026-01-31T09:30:00Z')
    .option('--until <time>', 'only recorded before this time')
}

/** What they say. @throws CliError `USAGE`, `ID_MALFORMED` */
export function recordedWhen({ user, since, until }: RecordedOptions): RecordedWhen {
  return {
    user: user === undefined ? null : parseId(user, 'user'),
    occurredFrom: since === undefined ? null : parseInstant(since, '--since'),
    occurredBefore: until === undefined ? null : parseInstant(until, '--until'),
  }
}
