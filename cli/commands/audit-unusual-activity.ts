import type { Command } from 'commander'
import { allPages } from '../all-pages.ts'
import { type RecordedOptions, recordedWhen, withRecorded } from '../audit-options.ts'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type UnusualActivityRule, unusualActivity, unusualActivityRules } from '../documents/audit.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { parseLimit } from '../limit.ts'
import { unusualActivityText } from '../output/unusual-activity-text.ts'

type Options = ConnectionOptions & RecordedOptions & { readonly rule?: string; readonly limit: string }

/** `countersign audit unusual-activity`. With `--json`: `{ unusualActivity: […], more }`. */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'What people did in the organization otherwise than they do, newest first: at unusual hours, from new networks, in bursts. It stops nothing: somebody should look at it.',
  )
  withRecorded(withConnection(command))
    .option('--rule <rule>', `only found by this rule: ${unusualActivityRules.join(', ')}`)
    .option('--limit <number>', 'at most this many records', '50')
    .action(async (options: Options) => {
      const limit = parseLimit(options.limit)
      const filter = { ...recordedWhen(options), rule: options.rule === undefined ? null : parseRule(options.rule) }
      const connection = await connect(invocation, options, null)
      const { items, more } = await allPages(
        async (page) => (await ask(connection, unusualActivity, { ...filter, ...page })).unusualActivity,
        limit,
      )
      const { report } = invocation
      report.result({ unusualActivity: items, more }, () => unusualActivityText(items, report.marker))
      if (more) report.note(`There is more: --limit ${limit * 2} shows more of it.`, 'faint')
    })
}

function parseRule(text: string): UnusualActivityRule {
  const rule = unusualActivityRules.find((known) => known.toLowerCase() === text.toLowerCase())
  if (rule === undefined)
    throw usageError(
      `There is no rule ${JSON.stringify(text.slice(0, 60))}.`,
      `There are: ${unusualActivityRules.join(', ')}.`,
    )
  return rule
}
