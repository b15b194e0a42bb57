import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { CliError } from '../cli-error.ts'
import { withClientCertificate } from '../client-certificate-options.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { checkDestination } from '../destination.ts'
import type { RequestDetails, StoredFile } from '../documents/request-fields.ts'
import { oneRequest } from '../documents/requests.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { requestNotFound } from '../following/follow-request.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { outcomeError } from '../outcome.ts'
import { saveArtifact } from '../save-artifact.ts'
import { beginWait } from '../waiting.ts'

type Options = ConnectionOptions & {
  readonly out: string
  readonly unsigned?: true
  readonly provenance?: 'bundle' | 'envelope'
}

/** `countersign request download`. With `--json`: `{ signingRequestId, out, fileName, sha256, size }`. */
export function define(command: Command, invocation: Invocation): void {
  withClientCertificate(withConnection(command))
    .argument('<id>', 'the signing request')
    .requiredOption('--out <file>', 'where to save it; a file that is there is replaced, when the download is whole')
    .option('--unsigned', 'the file as it was submitted')
    .addOption(
      new Option(
        '--provenance <form>',
        'where it comes from, as a signed statement: a sigstore bundle or a DSSE envelope',
      )
        .choices(['bundle', 'envelope'])
        .conflicts('unsigned'),
    )
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'signing request')
      const { terminal, report } = invocation
      const destination = await checkDestination(resolve(terminal.workingDirectory, options.out))
      const connection = await connect(invocation, options, 'ci')
      const { signingRequest: request } = await ask(connection, oneRequest, { id, minimumPosition: null })
      if (request === null) throw requestNotFound(id)
      const { artifact, link } = wanted(request, options)
      if (artifact === null || link === null) throw outcomeError(request) ?? notThere(request, options)
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

/** The file that was asked for, as far as the request has it. */
function wanted(
  request: RequestDetails,
  { unsigned, provenance: form }: Options,
): { readonly artifact: StoredFile | null; readonly link: string | null } {
  const { artifact, unsignedArtifactLink, signedArtifact, signedArtifactLink, provenance } = request
  if (unsigned) return { artifact, link: unsignedArtifactLink }
  if (form === undefined) return { artifact: signedArtifact, link: signedArtifactLink }
  return form === 'bundle'
    ? { artifact: provenance?.bundle ?? null, link: provenance?.bundleLink ?? null }
    : { artifact: provenance?.envelope ?? null, link: provenance?.envelopeLink ?? null }
}

function notThere({ status, workflowStatus, signingRequestId }: RequestDetails, { provenance }: Options): CliError {
  const hint = `\`countersign request watch ${signingRequestId}\` waits for it.`
  if (provenance === undefined)
    return new CliError('SIGNED_ARTIFACT_NOT_READY', `There is no signed file yet: the request is ${workflowStatus}.`, {
      hint,
      exitCode: exitCode.refused,
    })
  return status === 'Completed'
    ? new CliError('PROVENANCE_NOT_FOUND', 'The request has no provenance: its origin was not verified.', {
        hint: 'Submit to a policy that verifies the origin.',
        exitCode: exitCode.refused,
      })
    : new CliError('PROVENANCE_NOT_FOUND', `There is no provenance yet: the request is ${workflowStatus}.`, {
        hint,
        exitCode: exitCode.refused,
      })
}
