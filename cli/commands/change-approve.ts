import type { Command } from 'commander'
import { CliError, usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { approveChange } from '../documents/changes.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { fetchChange, reportDecision } from '../fetch-change.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { changeDetailsText } from '../output/change-text.ts'

type Options = ConnectionOptions & { readonly yes?: true; readonly comment?: string }

/** `countersign change approve`. With `--json`: `{ changeProposalId, position, changeProposal }`. */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'Shows what the change does, field by field, asks, and approves it. A proposed change never becomes another one: with the last approval that it takes, exactly what was shown is applied.',
  )
  withConnection(command)
    .argument('<id>', 'the proposed change')
    .option('--yes', 'approve without being asked')
    .option('--comment <text>', 'why')
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'change')
      const { terminal, report } = invocation
      if (options.yes === undefined && (!terminal.canAsk || report.json))
        throw usageError(
          'Nobody can be asked here.',
          `Look at the change by \`countersign change show ${id}\`, and give --yes.`,
        )
      const connection = await connect(invocation, options, null)
      if (options.yes === undefined) {
        report.show(changeDetailsText(await fetchChange(connection, id), report.marker))
        if (!/^y(es)?$/i.test((await terminal.ask('Approve this change? [y/N] ')).trim()))
          throw new CliError('NOT_APPROVED', 'Not approved. Nothing was changed.', { exitCode: exitCode.usage })
      }
      const input = { changeProposalId: id, comment: options.comment ?? null }
      reportDecision(invocation, 'Approved', (await ask(connection, approveChange, { input })).approveChange)
    })
}
