import type { Command } from 'commander'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { disableKey } from '../documents/keys.ts'
import { parseId } from '../entity-id.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'

type Options = ConnectionOptions & { readonly reason?: string }

/** `countersign key disable`. With `--json`: `{ keyId, position }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(explain(command, 'It cannot be enabled again: its certificates sign nothing any more.'))
    .argument('<id>', 'the key')
    .option('--reason <text>', 'why')
    .action(async (text: string, options: Options) => {
      const input = { keyId: parseId(text, 'key'), reason: options.reason ?? null }
      const connection = await connect(invocation, options, null)
      const { disableKey: changed } = await ask(connection, disableKey, { input })
      invocation.report.result(changed, () => `Disabled ${changed.keyId}.\n`)
    })
}
