import type { Command } from 'commander'
import { allPages } from '../all-pages.ts'
import { type RecordedOptions, recordedWhen, withRecorded } from '../audit-options.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { securityRefusals, unusualActivity } from '../documents/audit.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { parseLimit } from '../limit.ts'
import { refusalsText } from '../output/refusals-text.ts'
import { unusualActivityText } from '../output/unusual-activity-text.ts'

type Options = ConnectionOptions & RecordedOptions & { readonly code?: string; readonly limit: string }

/** A record can have many kinds, so that fewer fit into what an answer may cost. */
const refusalsAtOnce = 25
/** So much unusual activity is shown beside refusals. */
const mostUnusual = 10

/** `countersign audit security`. With `--json`: `{ refusals: […], more, unusualActivity: […], moreUnusualActivity }`. */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'Who was refused what in the organization, newest first: bad tokens of its users, missing permissions, wrong approvers; and the newest unusual activity, of which `countersign audit unusual-activity` lists all. What belongs to no organization, the operator sees by `countersign audit refusals`.',
  )
  withRecorded(withConnection(command))
    .option('--code <code>', 'only refused with this code, such as TOKEN_REVOKED; no unusual activity')
    .option('--limit <number>', 'at most this many records of refusals', '50')
    .action(async (options: Options) => {
      const limit = parseLimit(options.limit)
      const { code = null } = options
      const filter = recordedWhen(options)
      const connection = await connect(invocation, options, null)
      const { items, more } = await allPages(
        async (page) => (await ask(connection, securityRefusals, { code, ...filter, ...page })).securityRefusals,
        limit,
        refusalsAtOnce,
      )
      const unusual =
        code !== null
          ? { items: [], more: false }
          : await allPages(
              async (page) =>
                (await ask(connection, unusualActivity, { rule: null, ...filter, ...page })).unusualActivity,
              mostUnusual,
            )
      const { report } = invocation
      const result = { refusals: items, more, unusualActivity: unusual.items, moreUnusualActivity: unusual.more }
      report.result(result, () =>
        [
          refusalsText(items, report.marker),
          ...(unusual.items.length === 0 ? [] : ['\n', unusualActivityText(unusual.items, report.marker)]),
        ].join(''),
      )
      if (more) report.note(`There are more: --limit ${limit * 2} shows more of them.`, 'faint')
      if (unusual.more) report.note('`countersign audit unusual-activity` shows more of what is unusual.', 'faint')
    })
}
