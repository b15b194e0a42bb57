import type { Command } from 'commander'
import { parseInstant } from '../duration.ts'
import { explain, type Invocation, withJson } from '../invocation.ts'
import { configOption, localAction } from '../local-action.ts'
import { localCommands, type WaitingRefusals } from '../local-commands.ts'
import { count } from '../output/quantities.ts'
import { refusalsText } from '../output/refusals-text.ts'

type Options = {
  readonly organization?: string
  readonly since?: string
  readonly until?: string
  readonly config?: string
}

/** What is shown when nothing else is asked for: the last week. */
const defaultPeriodMs = 7 * 24 * 60 * 60 * 1000

/** `countersign audit refusals`. With `--json`: `{ organization, since, until, refusals: […], waiting: […] }`. */
export function define(command: Command, { report }: Invocation): void {
  explain(
    command,
    'Runs on the server and reads the event log itself. Attempts by people of whom nothing is known, with a token that nobody has for example, belong to no organization: nobody sees them by the API.',
  )
  withJson(command)
    .option('--organization <id>', 'those of an organization instead, which its auditors see by the API, too')
    .option('--since <time>', 'recorded at this time or later: 2026-01-31, 2026-01-31T09:30:00Z; by default a week ago')
    .option('--until <time>', 'recorded at this time or before; by default now')
    .option(...configOption)
    .action(
      localAction(async ({ organization, since, until, config }: Options) => {
        const end = until === undefined ? new Date().toISOString() : parseInstant(until, '--until')
        const begin =
          since === undefined
            ? new Date(Date.parse(end) - defaultPeriodMs).toISOString()
            : parseInstant(since, '--since')
        const { auditRefusals } = await localCommands()
        const { refusals, waiting } = await auditRefusals({
          organization,
          since: begin,
          until: end,
          configFile: config,
        })
        report.result({ organization: organization ?? null, since: begin, until: end, refusals, waiting }, () =>
          [refusalsText(refusals, report.marker), waitingText(waiting)].join(''),
        )
      }),
    )
}

function waitingText(waiting: readonly WaitingRefusals[]): string {
  const last = waiting.findLast(({ count: left }) => left > 0)
  if (last === undefined) return ''
  return `At ${last.recordedAt} a process had counted ${count(last.count, 'refusal')} of ${count(last.organizations, 'organization')} without room to record them yet.\n`
}
