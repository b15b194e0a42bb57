import type { Command } from 'commander'
import { allPages } from '../all-pages.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { securityRefusals } from '../documents/audit.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { parseLimit } from '../limit.ts'
import { refusalsText } from '../output/refusals-text.ts'

type Options = ConnectionOptions & { readonly limit: string }

/** `countersign audit security`. With `--json`: `{ refusals: […], more }`. */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'Who was refused what in the organization, newest first: bad tokens of its users, missing permissions, wrong approvers. What belongs to no organization, the operator sees by `countersign audit refusals`.',
  )
  withConnection(command)
    .option('--limit <number>', 'at most this many records', '50')
    .action(async (options: Options) => {
      const limit = parseLimit(options.limit)
      const connection = await connect(invocation, options, null)
      const { items, more } = await allPages(
        async (page) => (await ask(connection, securityRefusals, page)).securityRefusals,
        limit,
      )
      const { report } = invocation
      report.result({ refusals: items, more }, () => refusalsText(items, report.marker))
      if (more) report.note(`There are more: --limit ${limit * 2} shows more of them.`, 'faint')
    })
}
