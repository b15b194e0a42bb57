import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { installCertificate } from '../documents/certificates.ts'
import { parseId } from '../entity-id.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { findLocalFile, unreadableFile } from '../local-file.ts'
import { reportCertificate } from '../report-certificate.ts'

/** Larger than any certificate with its chain is, and as much as the service takes in one call, in bytes. */
const largestFile = 180 * 1024

/** `countersign certificate install`. With `--json`: `{ certificateId, position, changeProposalId, certificate }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the certificate')
    .argument('<file>', 'what the authority issued: PEM, DER or PKCS #7, with its issuers or without, in any order')
    .action(async (text: string, given: string, options: ConnectionOptions) => {
      const certificateId = parseId(text, 'certificate')
      const { path, size } = await findLocalFile(resolve(invocation.terminal.workingDirectory, given))
      if (size > largestFile)
        throw usageError(
          `${path} has ${size} bytes; a certificate with its chain has at most ${largestFile}.`,
          undefined,
          'CERTIFICATE_FILE_TOO_LARGE',
        )
      const bytes = await readFile(path).catch((error: unknown) => Promise.reject(unreadableFile(path, error)))
      const connection = await connect(invocation, options, null)
      const input = { certificateId, file: bytes.toString('base64') }
      const { installCertificate: changed } = await ask(connection, installCertificate, { input })
      await reportCertificate(invocation, connection, 'Installed', changed)
    })
}
