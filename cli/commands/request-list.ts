import type { Command } from 'commander'
import { allPages } from '../all-pages.ts'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type RequestStatus, requestStatuses } from '../documents/request-fields.ts'
import { listRequests, type RequestFilter } from '../documents/requests.ts'
import { parseInstant } from '../duration.ts'
import { parseId } from '../entity-id.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { parseLimit } from '../limit.ts'
import { requestTable } from '../output/request-table.ts'

type Options = ConnectionOptions & {
  readonly project?: string
  readonly policy?: string
  readonly status?: readonly string[]
  readonly submitter?: string
  readonly since?: string
  readonly until?: string
  readonly limit: string
}

/** `countersign request list`. With `--json`: `{ signingRequests: […], more }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .option('--project <slug>', 'only of this project (slug or id)')
    .option('--policy <slug>', 'only of this signing policy (slug, with --project; or id)')
    .option('--status <status...>', `only in these states: ${requestStatuses.join(', ')}`)
    .option('--submitter <id>', 'only submitted by this user')
    .option('--since <time>', 'only submitted at this time or later: 2026-01-31, 2026-01-31T09:30:00Z')
    .option('--until <time>', 'only submitted before this time')
    .option('--limit <number>', 'at most this many', '50')
    .action(async (options: Options) => {
      const limit = parseLimit(options.limit)
      const filter = filterOf(options)
      const connection = await connect(invocation, options, 'ci')
      const { items, more } = await allPages(
        async (page) => (await ask(connection, listRequests, { filter, ...page })).signingRequests,
        limit,
      )
      const { report } = invocation
      report.result({ signingRequests: items, more }, () =>
        items.length === 0 ? 'No signing requests.\n' : requestTable(items, report.marker),
      )
      if (items.length === 0 && options.project !== undefined)
        report.note('`countersign policy list` shows which projects and policies there are.', 'faint')
      if (more) report.note(`There are more: --limit ${limit * 2} shows more of them.`, 'faint')
    })
}

function filterOf(options: Options): RequestFilter {
  const { project, policy, status, submitter, since, until } = options
  return {
    ...(project === undefined ? {} : { project }),
    ...(policy === undefined ? {} : { signingPolicy: policy }),
    ...(status === undefined ? {} : { status: status.map(parseStatus) }),
    ...(submitter === undefined ? {} : { submitter: parseId(submitter, 'user') }),
    ...(since === undefined ? {} : { submittedFrom: parseInstant(since, '--since') }),
    ...(until === undefined ? {} : { submittedBefore: parseInstant(until, '--until') }),
  }
}

function parseStatus(text: string): RequestStatus {
  const status = requestStatuses.find((known) => known.toLowerCase() === text.toLowerCase())
  if (status === undefined)
    throw usageError(`There is no status ${JSON.stringify(text)}.`, `There are: ${requestStatuses.join(', ')}.`)
  return status
}
