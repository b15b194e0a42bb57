import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { checkDestination } from '../destination.ts'
import { oneRequest } from '../documents/requests.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { requestNotFound } from '../following/follow-request.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { outcomeError } from '../outcome.ts'
import { saveArtifact } from '../save-artifact.ts'
import { beginWait } from '../waiting.ts'

type Options = ConnectionOptions & { readonly out: string; readonly unsigned?: true }

/** `countersign request download`. With `--json`: `{ signingRequestId, out, fileName, sha256, size }`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the signing request')
    .requiredOption('--out <file>', 'where to save it; a file that is there is replaced, when the download is whole')
    .option('--unsigned', 'the file as it was submitted')
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'signing request')
      const { terminal, report } = invocation
      const destination = await checkDestination(resolve(terminal.workingDirectory, options.out))
      const connection = await connect(invocation, options, 'ci')
      const { signingRequest: request } = await ask(connection, oneRequest, { id, minimumPosition: null })
      if (request === null) throw requestNotFound(id)
      const artifact = options.unsigned ? request.artifact : request.signedArtifact
      const link = options.unsigned ? request.unsignedArtifactLink : request.signedArtifactLink
      if (artifact === null || link === null)
        throw (
          outcomeError(request) ??
          new CliError(
            'SIGNED_ARTIFACT_NOT_READY',
            `There is no signed file yet: the request is ${request.workflowStatus}.`,
            {
              hint: `\`countersign request watch ${id}\` waits for it.`,
              exitCode: exitCode.refused,
            },
          )
        )
      const wait = beginWait(terminal.interruption())
      try {
        await saveArtifact({ report, connection, link, artifact, destination, signal: wait.signal })
      } catch (error) {
        throw wait.explain(error, 'Nothing was saved; what --out names is as it was.')
      } finally {
        wait.end()
      }
      const { sha256, size, fileName } = artifact
      report.result(
        { signingRequestId: id, out: destination.path, fileName, sha256, size },
        () => `Saved ${destination.path}, SHA-256 ${sha256}\n`,
      )
    })
}
