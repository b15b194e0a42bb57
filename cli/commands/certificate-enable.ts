import type { Command } from 'commander'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { enableCertificate } from '../documents/certificates.ts'
import { parseId } from '../entity-id.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { reportCertificate } from '../report-certificate.ts'

type Options = ConnectionOptions & { readonly reason?: string }

/** `countersign certificate enable`. With `--json`: `{ certificateId, position, changeProposalId, certificate }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the certificate')
    .option('--reason <text>', 'why')
    .action(async (text: string, options: Options) => {
      const input = { certificateId: parseId(text, 'certificate'), reason: options.reason ?? null }
      const connection = await connect(invocation, options, null)
      const { enableCertificate: changed } = await ask(connection, enableCertificate, { input })
      await reportCertificate(invocation, connection, 'Enabled', changed)
    })
}
