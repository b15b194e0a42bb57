import type { Command } from 'commander'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { denyRequest } from '../documents/request-changes.ts'
import { parseId } from '../entity-id.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { reportChange } from '../report-change.ts'

type Options = ConnectionOptions & { readonly comment?: string }

/** `countersign request deny`. With `--json`: `{ signingRequestId, position, signingRequest }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the signing request')
    .option('--comment <text>', 'why')
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'signing request')
      const connection = await connect(invocation, options, null)
      const input = { signingRequestId: id, comment: options.comment ?? null }
      const { denySigningRequest: changed } = await ask(connection, denyRequest, { input })
      await reportChange(invocation, connection, 'Denied', changed)
    })
}
