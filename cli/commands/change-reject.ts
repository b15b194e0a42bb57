import type { Command } from 'commander'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { rejectChange } from '../documents/changes.ts'
import { parseId } from '../entity-id.ts'
import { reportDecision } from '../fetch-change.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'

type Options = ConnectionOptions & { readonly comment?: string }

/** `countersign change reject`. With `--json`: `{ changeProposalId, position, changeProposal }`. */
export function define(command: Command, invocation: Invocation): void {
  explain(command, 'Whoever might approve the change may reject it; its author takes it back so.')
  withConnection(command)
    .argument('<id>', 'the proposed change')
    .option('--comment <text>', 'why')
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'change')
      const connection = await connect(invocation, options, null)
      const input = { changeProposalId: id, comment: options.comment ?? null }
      reportDecision(invocation, 'Rejected', (await ask(connection, rejectChange, { input })).rejectChange)
    })
}
