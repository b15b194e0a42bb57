import type { Command } from 'commander'
import { type NewKeyOptions, newKey, withNewKey } from '../certificate-options.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { createOpenPgpKey } from '../documents/certificates.ts'
import { parseInstant } from '../duration.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { reportCertificate } from '../report-certificate.ts'

type Options = ConnectionOptions & NewKeyOptions & { readonly userId: string; readonly expires?: string }

/** `countersign certificate create-openpgp`. With `--json`: `{ certificateId, position, changeProposalId, certificate }`. */
export function define(command: Command, invocation: Invocation): void {
  withNewKey(withConnection(command))
    .requiredOption('--user-id <text>', 'such as "Acme Releases <release@acme.example>"')
    .option('--expires <moment>', 'when the key ends; else never')
    .action(async (options: Options) => {
      const { userId, expires } = options
      const input = {
        ...newKey(options),
        userId,
        ...(expires !== undefined && { expiresAt: parseInstant(expires, '--expires') }),
      }
      const connection = await connect(invocation, options, null)
      const { createOpenPgpKey: changed } = await ask(connection, createOpenPgpKey, { input })
      await reportCertificate(invocation, connection, 'Made', changed)
    })
}
