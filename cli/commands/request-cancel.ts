import type { Command } from 'commander'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { cancelRequest } from '../documents/request-changes.ts'
import { parseId } from '../entity-id.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { reportChange } from '../report-change.ts'

type Options = ConnectionOptions & { readonly reason?: string }

/** `countersign request cancel`. With `--json`: `{ signingRequestId, position, signingRequest }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the signing request')
    .option('--reason <text>', 'why')
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'signing request')
      const connection = await connect(invocation, options, 'ci')
      const input = { signingRequestId: id, reason: options.reason ?? null }
      const { cancelSigningRequest: changed } = await ask(connection, cancelRequest, { input })
      await reportChange(invocation, connection, 'Canceled', changed)
    })
}
