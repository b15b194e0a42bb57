import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { checkDestination, replaceFile } from '../destination.ts'
import { certificateDetails } from '../documents/certificates.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { certificateNotFound } from '../report-certificate.ts'

type Options = ConnectionOptions & { readonly out: string; readonly der?: true }

/** `countersign certificate download-csr`. With `--json`: `{ certificateId, out }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the certificate')
    .requiredOption('--out <file>', 'where to save it; a file that is there is replaced')
    .option('--der', 'in DER; else in PEM')
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'certificate')
      const { terminal, report } = invocation
      const destination = await checkDestination(resolve(terminal.workingDirectory, options.out))
      const connection = await connect(invocation, options, 'ci')
      const { certificate } = await ask(connection, certificateDetails, { id, minimumPosition: null })
      if (certificate === null) throw certificateNotFound(id)
      const { signingRequest, name, status } = certificate
      if (signingRequest === null)
        throw new CliError(
          'CERTIFICATE_STATE',
          `No request of the certificate ${name} waits for an authority: it is ${status}.`,
          { hint: '`countersign certificate renew` asks for the next one.', exitCode: exitCode.refused },
        )
      const der = Buffer.from(signingRequest.replaceAll(/-----.*?-----|\s/g, ''), 'base64')
      await replaceFile(destination, (file) => file.writeFile(options.der ? der : signingRequest))
      report.result({ certificateId: id, out: destination.path }, () => `Saved ${destination.path}\n`)
    })
}
