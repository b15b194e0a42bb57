import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CliError, usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { checkDestination, replaceFile } from '../destination.ts'
import { oneCertificate } from '../documents/organization.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'

type Options = ConnectionOptions & { readonly out: string; readonly der?: true }

/** `countersign certificate download`. With `--json`: `{ certificateId, out, thumbprint, certificates }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the certificate')
    .requiredOption('--out <file>', 'where to save it; a file that is there is replaced')
    .option(
      '--der',
      'the signing certificate alone, in DER; else the chain in PEM (RFC 7468), the signing one first; of an OpenPGP key its public half in ASCII armor',
    )
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'certificate')
      const { terminal, report } = invocation
      const destination = await checkDestination(resolve(terminal.workingDirectory, options.out))
      const connection = await connect(invocation, options, 'ci')
      const { certificate } = await ask(connection, oneCertificate, { id })
      if (certificate === null)
        throw new CliError('CERTIFICATE_NOT_FOUND', `There is no certificate ${id}.`, {
          hint: '`countersign certificate list` shows the certificates.',
          exitCode: exitCode.refused,
        })
      const { openPgpKey } = certificate
      if (openPgpKey !== null) {
        if (options.der) throw usageError('--der is for X.509 certificates; this is an OpenPGP key.')
        await replaceFile(destination, (file) => file.writeFile(openPgpKey))
        const { thumbprint } = certificate
        report.result(
          { certificateId: id, out: destination.path, thumbprint, certificates: 0 },
          () => `Saved ${destination.path}, the public half of the OpenPGP key ${thumbprint}\n`,
        )
        return
      }
      const chain = certificate.chain.map((base64) => Buffer.from(base64, 'base64'))
      const [first] = chain
      if (first === undefined)
        throw new CliError(
          'CERTIFICATE_NOT_ISSUED',
          `The certificate ${certificate.name} has not been issued yet: it is ${certificate.status}.`,
          { exitCode: exitCode.refused },
        )
      const thumbprint = createHash('sha256').update(first).digest('hex')
      if (thumbprint !== certificate.thumbprint)
        throw new CliError(
          'DOWNLOAD_DAMAGED',
          'The certificate does not have the thumbprint that the service recorded.',
        )
      await replaceFile(destination, (file) => file.writeFile(options.der ? first : chain.map(pem).join('')))
      const certificates = options.der ? 1 : chain.length
      report.result(
        { certificateId: id, out: destination.path, thumbprint, certificates },
        () => `Saved ${destination.path}, SHA-256 of the certificate ${thumbprint}\n`,
      )
    })
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
