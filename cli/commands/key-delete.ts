import type { Command } from 'commander'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { confirmKeyDeletion, requestKeyDeletion, withdrawKeyDeletion } from '../documents/keys.ts'
import { parseId } from '../entity-id.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'

type Options = ConnectionOptions & {
  readonly confirm?: string
  readonly withdraw?: true
  readonly reason?: string
}

/** `countersign key delete`. With `--json`: `{ keyId, position }`. */
export function define(command: Command, invocation: Invocation): void {
  const about =
    'Two people have to want it. The first asks for it: the key signs nothing from then on. Another administrator gives --confirm with its label within seven days; then it is destroyed in its key store, for good. A key that an active policy uses is not destroyed; `countersign key show` says what uses it.'
  withConnection(explain(command, about))
    .argument('<id>', 'the key')
    .option('--confirm <label>', "confirm what somebody else asked for, by the key's label")
    .option('--withdraw', 'keep the key after all')
    .option('--reason <text>', 'why')
    .action(async (text: string, options: Options) => {
      const keyId = parseId(text, 'key')
      const { confirm: label, withdraw, reason = null } = options
      if (label !== undefined && withdraw !== undefined)
        throw usageError('--confirm and --withdraw exclude each other.')
      const connection = await connect(invocation, options, null)
      const { report } = invocation
      if (label !== undefined) {
        const { confirmKeyDeletion: changed } = await ask(connection, confirmKeyDeletion, { input: { keyId, label } })
        return report.result(changed, () => `Destroyed ${keyId}.\n`)
      }
      if (withdraw !== undefined) {
        const input = { keyId, reason }
        const { withdrawKeyDeletion: changed } = await ask(connection, withdrawKeyDeletion, { input })
        return report.result(changed, () => `Kept ${keyId}.\n`)
      }
      const { requestKeyDeletion: changed } = await ask(connection, requestKeyDeletion, { input: { keyId, reason } })
      const next = `Another administrator confirms it by \`countersign key delete ${keyId} --confirm LABEL\`.`
      report.result(changed, () => `${keyId} signs nothing any more, and is to be destroyed.\n${next}\n`)
    })
}
