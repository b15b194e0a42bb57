import type { Command } from 'commander'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { renewCertificate } from '../documents/certificates.ts'
import { parseId } from '../entity-id.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { reportCertificate } from '../report-certificate.ts'

/** `countersign certificate renew`. With `--json`: `{ certificateId, position, changeProposalId, certificate }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the certificate')
    .action(async (text: string, options: ConnectionOptions) => {
      const input = { certificateId: parseId(text, 'certificate') }
      const connection = await connect(invocation, options, null)
      const { renewCertificate: changed } = await ask(connection, renewCertificate, { input })
      await reportCertificate(invocation, connection, 'Asked for the next one of', changed)
    })
}
