import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import { withClientCertificate } from '../client-certificate-options.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type AwaitedUpload, uploadOfRequest } from '../documents/requests.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { requestNotFound } from '../following/follow-request.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { findLocalFile, hashLocalFile } from '../local-file.ts'
import { sendAnnounced } from '../submit-artifact.ts'
import { beginWait } from '../waiting.ts'

/** `countersign request upload`. With `--json`: `{ signingRequestId, fileName, sha256, size }`. */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'Sends the file that `countersign sign --upload-later` announced, as its submitter. It must have the announced digest; nothing is sent otherwise, and nothing when it is there already.',
  )
  withClientCertificate(withConnection(command))
    .argument('<id>', 'the signing request')
    .argument('<file>', 'the file that was announced')
    .action(async (text: string, name: string, options: ConnectionOptions) => {
      const id = parseId(text, 'signing request')
      const { terminal, report } = invocation
      const file = await findLocalFile(resolve(terminal.workingDirectory, name))
      const connection = await connect(invocation, options, 'ci')
      const wait = beginWait(terminal.interruption())
      const { signal } = wait
      try {
        const { signingRequest } = await ask(connection, uploadOfRequest, { id }, signal)
        if (signingRequest === null) throw requestNotFound(id)
        const sha256 = await hashLocalFile(file, signal)
        const link = linkFor(signingRequest, name, sha256)
        const kept =
          link === null
            ? { fileName: signingRequest.source.fileName ?? file.fileName, sha256, size: file.size }
            : await sendAnnounced(connection, file, { link, sha256 }, { report, signal })
        const { fileName, size } = kept
        report.result({ signingRequestId: id, fileName, sha256, size }, () =>
          link === null
            ? `The signing request ${id} has ${fileName} already.\n`
            : `Sent ${fileName}. The signing request ${id} goes on.\n`,
        )
      } catch (error) {
        throw wait.explain(error, 'The upload was not finished; it can be made again.')
      } finally {
        wait.end()
      }
    })
}

/**
 * Where the file is sent; `null` when the request has it.
 *
 * @throws CliError `UPLOAD_NOT_AWAITED`, `ARTIFACT_MISMATCH`, `SIGNING_REQUEST_FINAL`, as the service would refuse it
 */
function linkFor(
  { signingRequestId: id, workflowStatus, artifact, source, uploadLink }: AwaitedUpload,
  name: string,
  sha256: string,
): string | null {
  const refused = (code: string, message: string) => new CliError(code, message, { exitCode: exitCode.refused })
  if (source.kind !== 'announcedUpload')
    throw refused(
      'UPLOAD_NOT_AWAITED',
      `The signing request ${id} waits for no upload: it was submitted with its artifact, or with where that is.`,
    )
  if (source.sha256 !== sha256)
    throw refused(
      'ARTIFACT_MISMATCH',
      `${name} has the SHA-256 ${sha256}; ${source.sha256} was announced. Nothing was sent.`,
    )
  if (artifact !== null) return null
  if (uploadLink !== null) return uploadLink
  throw refused('SIGNING_REQUEST_FINAL', `The signing request ${id} is over: ${workflowStatus}.`)
}
