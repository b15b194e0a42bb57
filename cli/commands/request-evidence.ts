import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import { withClientCertificate } from '../client-certificate-options.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { checkDestination } from '../destination.ts'
import { oneRequest } from '../documents/requests.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { requestNotFound } from '../following/follow-request.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { readableSize } from '../output/quantities.ts'
import { table } from '../output/table.ts'
import { saveArtifact } from '../save-artifact.ts'
import { beginWait } from '../waiting.ts'

type Options = ConnectionOptions & { readonly out?: string }

/** `countersign request evidence`. With `--json`: `{ signingRequestId, evidence: [{ name, mediaType, sha256, size, out }] }`. */
export function define(command: Command, invocation: Invocation): void {
  withClientCertificate(withConnection(command))
    .argument('<id>', 'the signing request')
    .option('--out <folder>', 'save each answer there, numbered in their order; a file that is there is replaced')
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'signing request')
      const { terminal, report } = invocation
      const connection = await connect(invocation, options, 'ci')
      const { signingRequest: request } = await ask(connection, oneRequest, { id, minimumPosition: null })
      if (request === null) throw requestNotFound(id)
      if (request.origin === null)
        throw new CliError('ORIGIN_EVIDENCE_NOT_FOUND', 'The origin of the request was not verified.', {
          hint: 'Evidence is there once a policy that verifies origins has asked the build system.',
          exitCode: exitCode.refused,
        })
      const { evidence } = request.origin
      const { out } = options
      const destinations =
        out === undefined
          ? []
          : await Promise.all(
              evidence.map(({ fileName }, index) =>
                checkDestination(resolve(terminal.workingDirectory, out, `${numbered(index)}-${plain(fileName)}`)),
              ),
            )
      const wait = beginWait(terminal.interruption())
      try {
        for (const [index, destination] of destinations.entries()) {
          const artifact = evidence[index]
          if (artifact !== undefined)
            await saveArtifact({ report, connection, link: artifact.link, artifact, destination, signal: wait.signal })
        }
      } catch (error) {
        throw wait.explain(error, 'Files that were saved whole are there; the others are not.')
      } finally {
        wait.end()
      }
      const found = evidence.map(({ name, mediaType, sha256, size }, index) => {
        return { name, mediaType, sha256, size, out: destinations[index]?.path ?? null }
      })
      report.result({ signingRequestId: id, evidence: found }, () =>
        table(
          ['what', 'size', 'SHA-256', out === undefined ? 'kind' : 'saved as'],
          found.map((each) => [each.name, readableSize(each.size), each.sha256, each.out ?? each.mediaType]),
          report.marker,
        ),
      )
    })
}

/** A name that leads into no other folder, whatever the service says. */
function plain(fileName: string): string {
  return fileName.replace(/[^\w.-]/g, '_').slice(0, 120)
}

function numbered(index: number): string {
  return String(index + 1).padStart(2, '0')
}
