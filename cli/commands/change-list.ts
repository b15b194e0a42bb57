import type { Command } from 'commander'
import { allPages } from '../all-pages.ts'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type ChangeStatus, changeStatuses, listChanges } from '../documents/changes.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { changeStatusCell, changeText, targetText } from '../output/change-text.ts'
import { readableTime } from '../output/quantities.ts'
import { table } from '../output/table.ts'

type Options = ConnectionOptions & { readonly status?: string }

/** `countersign change list`. With `--json`: `{ changeProposals: […] }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .option('--status <status>', `only in this state: ${changeStatuses.join(', ')}`)
    .action(async (options: Options) => {
      const status = options.status === undefined ? null : parseStatus(options.status)
      const connection = await connect(invocation, options, 'ci')
      const { items } = await allPages(
        async (page) => (await ask(connection, listChanges, { status, ...page })).changeProposals,
      )
      const { report } = invocation
      report.result({ changeProposals: items }, () => {
        if (items.length === 0) return 'No proposed changes.\n'
        const rows = items.map((change) => [
          change.changeProposalId,
          changeStatusCell(change.status),
          targetText(change),
          changeText(change),
          change.author?.name ?? 'the operator',
          readableTime(change.createdAt),
          `${change.requiredApprovals - change.missingApprovals} of ${change.requiredApprovals}`,
        ])
        return table(['change', 'status', 'of', 'what', 'by', 'proposed', 'approvals'], rows, report.marker)
      })
    })
}

function parseStatus(text: string): ChangeStatus {
  const status = changeStatuses.find((known) => known === text.toLowerCase())
  if (status === undefined)
    throw usageError(`There is no status ${JSON.stringify(text)}.`, `There are: ${changeStatuses.join(', ')}.`)
  return status
}
