import type { Command } from 'commander'
import { type RestrictionOptions, restrictionsOf, withRestrictions } from '../certificate-options.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { certificateDetails, restrictCertificate } from '../documents/certificates.ts'
import { parseId } from '../entity-id.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { withChangeReason } from '../people.ts'
import { certificateNotFound, reportCertificate } from '../report-certificate.ts'

type Options = ConnectionOptions & RestrictionOptions

/** `countersign certificate restrict`. With `--json`: `{ certificateId, position, changeProposalId, certificate }`. */
export function define(command: Command, invocation: Invocation): void {
  withRestrictions(withChangeReason(withConnection(explain(command, 'What is not named is not demanded any more.'))))
    .argument('<id>', 'the certificate')
    .action(async (text: string, options: Options) => {
      const certificateId = parseId(text, 'certificate')
      const restrictions = restrictionsOf(options)
      const connection = await connect(invocation, options, null)
      const { certificate } = await ask(connection, certificateDetails, { id: certificateId, minimumPosition: null })
      if (certificate === null) throw certificateNotFound(certificateId)
      const input = { certificateId, restrictions, basedOnRevision: certificate.revision }
      const { restrictCertificate: changed } = await ask(connection, restrictCertificate, { input })
      await reportCertificate(invocation, connection, 'Restricted', changed)
    })
}
