import type { Command } from 'commander'
import { withAllEvents } from '../all-pages.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type CertificateDetails, certificateWithEvents } from '../documents/certificates.ts'
import { parseId } from '../entity-id.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { certificateText } from '../output/certificate-details.ts'
import { timeLine } from '../output/event-text.ts'
import { certificateNotFound } from '../report-certificate.ts'

/** `countersign certificate show`. With `--json`: the certificate's fields, with `signingPolicies` and `events`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the certificate')
    .action(async (text: string, options: ConnectionOptions) => {
      const id = parseId(text, 'certificate')
      const connection = await connect(invocation, options, 'ci')
      const { events, ...certificate } = await withAllEvents<CertificateDetails>(
        async (after) => (await ask(connection, certificateWithEvents, { id, after })).certificate,
        () => certificateNotFound(id),
      )
      const { report } = invocation
      report.result(
        { ...certificate, events },
        () => `${certificateText(certificate, report.marker)}\n${timeLine(events, report.marker)}`,
      )
    })
}
