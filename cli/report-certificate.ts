import { CliError } from './cli-error.ts'
import type { Connection } from './connection/connection.ts'
import { ask } from './connection/graphql.ts'
import { type CertificateChange, type CertificateDetails, certificateDetails } from './documents/certificates.ts'
import { exitCode } from './exit-code.ts'
import type { Invocation } from './invocation.ts'
import { certificateText } from './output/certificate-details.ts'

/**
 * Prints what a change did: the certificate with the change in it, or the proposal that it became. When the read model does not
 * get there in time, that is a warning and no failure, because the change is in the log.
 *
 * @param verb past tense, e.g. `Disabled`
 */
export async function reportCertificate(
  { report }: Invocation,
  connection: Connection,
  verb: string,
  { certificateId, position, changeProposalId }: CertificateChange,
): Promise<void> {
  let certificate: CertificateDetails | null = null
  try {
    certificate = (await ask(connection, certificateDetails, { id: certificateId, minimumPosition: position }))
      .certificate
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    report.warn(`The change is in the log, but the certificate cannot be shown: ${error.code}: ${error.message}`)
  }
  const done =
    changeProposalId === null
      ? `${verb} ${certificateId}.`
      : `Proposed as the change ${changeProposalId}: it holds when others have approved it.`
  report.result(
    { certificateId, position, changeProposalId, certificate },
    () => `${done}\n${certificate === null ? '' : certificateText(certificate, report.marker)}`,
  )
}

/** The error when there is no certificate of an id. */
export function certificateNotFound(id: string): CliError {
  return new CliError('CERTIFICATE_NOT_FOUND', `There is no certificate ${id}.`, {
    hint: '`countersign certificate list` shows the certificates.',
    exitCode: exitCode.refused,
  })
}
