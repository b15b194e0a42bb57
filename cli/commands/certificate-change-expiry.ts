import type { Command } from 'commander'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { changeKeyExpiry } from '../documents/certificates.ts'
import { parseInstant } from '../duration.ts'
import { parseId } from '../entity-id.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { reportCertificate } from '../report-certificate.ts'

type Options = ConnectionOptions & { readonly expires?: string; readonly never?: true }

/** `countersign certificate change-expiry`. With `--json`: `{ certificateId, position, changeProposalId, certificate }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the OpenPGP key')
    .option('--expires <moment>', 'when it ends')
    .option('--never', 'that it does not end')
    .action(async (text: string, options: Options) => {
      const { expires, never } = options
      if ((expires === undefined) === (never === undefined))
        throw usageError('It is not said when the key ends.', 'Give --expires, or --never.')
      const expiresAt = expires === undefined ? null : parseInstant(expires, '--expires')
      const input = { certificateId: parseId(text, 'certificate'), expiresAt }
      const connection = await connect(invocation, options, null)
      const { changeKeyExpiry: changed } = await ask(connection, changeKeyExpiry, { input })
      await reportCertificate(invocation, connection, 'Changed the end of', changed)
    })
}
