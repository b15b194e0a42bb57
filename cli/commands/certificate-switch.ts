import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type CertificateChange, disableCertificate, enableCertificate } from '../documents/certificates.ts'
import { parseId } from '../entity-id.ts'
import { type CommandModule, connect, withConnection } from '../invocation.ts'
import { reportCertificate } from '../report-certificate.ts'

type Options = ConnectionOptions & { readonly reason?: string }

/** `countersign certificate disable`. With `--json`: `{ certificateId, position, changeProposalId, certificate }`. */
export const disable = commandOf('Disabled', async (connection, variables) => {
  return (await ask(connection, disableCertificate, variables)).disableCertificate
})

/** `countersign certificate enable`. With `--json`: `{ certificateId, position, changeProposalId, certificate }`. */
export const enable = commandOf('Enabled', async (connection, variables) => {
  return (await ask(connection, enableCertificate, variables)).enableCertificate
})

function commandOf(
  verb: string,
  change: (
    connection: Connection,
    variables: { readonly input: { readonly certificateId: string; readonly reason: string | null } },
  ) => Promise<CertificateChange>,
): CommandModule {
  return {
    define(command, invocation) {
      withConnection(command)
        .argument('<id>', 'the certificate')
        .option('--reason <text>', 'why')
        .action(async (text: string, options: Options) => {
          const input = { certificateId: parseId(text, 'certificate'), reason: options.reason ?? null }
          const connection = await connect(invocation, options, null)
          await reportCertificate(invocation, connection, verb, await change(connection, { input }))
        })
    },
  }
}
