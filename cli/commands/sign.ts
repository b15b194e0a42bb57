import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { checkDestination, type Destination } from '../destination.ts'
import {
  type ExistingSignatureTreatment,
  existingSignatureTreatments,
  type RequestDetails,
} from '../documents/request-fields.ts'
import { parseDuration } from '../duration.ts'
import { noteExistingSignatures } from '../existing-signature-notes.ts'
import { followRequest } from '../following/follow-request.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { findLocalFile, type LocalFile } from '../local-file.ts'
import { outcomeError } from '../outcome.ts'
import { eventText } from '../output/event-text.ts'
import { delayText, principalNames } from '../output/request-details.ts'
import { saveArtifact } from '../save-artifact.ts'
import { submitFile } from '../submit-file.ts'
import { beginWait, howToContinue } from '../waiting.ts'

type Options = ConnectionOptions & {
  readonly project: string
  readonly policy: string
  readonly out?: string
  readonly description?: string
  readonly productVersion?: string
  readonly existingSignatures?: ExistingSignatureTreatment
  readonly idempotencyKey?: string
  readonly timeout?: string
  readonly wait: boolean
}

/**
 * `countersign sign`. With `--json`: `{ signingRequestId, out, sha256, size, signingRequest }`; when it was submitted and
 * did not end well, or was not waited for to its end, `out`, `sha256` and `size` are null, and the error is on stderr.
 * With `--no-wait`: `{ signingRequestId, position }`.
 */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'Waits for approvals and for the signature, through restarts of the service, and saves the signed file when its SHA-256 is what the service recorded. Ctrl-C ends the waiting and not the request.',
  )
  withConnection(command)
    .argument('<file>', 'the file to be signed')
    .requiredOption('--project <slug>', 'the project (slug or id)')
    .requiredOption('--policy <slug>', 'its signing policy (slug or id)')
    .option(
      '--out <file>',
      'where to save the signed file; a file that is there, FILE itself too, is replaced at the end',
    )
    .option('--description <text>', 'what this is, for those who approve')
    .option('--product-version <version>', 'which version of the product it is; grants can ask for it')
    .addOption(
      new Option(
        '--existing-signatures <how>',
        'of a file that is signed already: remove its signatures, add to them, or refuse the file (default: what the policy says)',
      ).choices(existingSignatureTreatments),
    )
    .option('--timeout <duration>', 'give up waiting after this long (90s, 15m, 2h); the request goes on')
    .option(
      '--idempotency-key <key>',
      'your name for this submission, such as the id of a CI job: signing again under it finds the request that is there (default: a new one)',
    )
    .option('--no-wait', 'submit, print the id of the request, and end')
    .action(async (name: string, options: Options) => {
      const { terminal } = invocation
      const timeout = options.timeout === undefined ? undefined : parseDuration(options.timeout, '--timeout')
      const destination = await destinationOf(options, terminal.workingDirectory)
      const file = await findLocalFile(resolve(terminal.workingDirectory, name))
      await sign(invocation, options, file, destination, timeout)
    })
}

async function sign(
  invocation: Invocation,
  options: Options,
  file: LocalFile,
  destination: Destination | undefined,
  timeout: number | undefined,
): Promise<void> {
  const { terminal, report } = invocation
  const connection = await connect(invocation, options, 'ci')
  const wait = beginWait(terminal.interruption(), timeout)
  const { signal } = wait
  let id: string | undefined
  let request: RequestDetails | undefined
  const answer = (saved: { out: string; sha256: string; size: number } | null, text: string) =>
    report.result(
      { signingRequestId: id, ...(saved ?? { out: null, sha256: null, size: null }), signingRequest: request ?? null },
      () => text,
    )
  try {
    const { project, policy: signingPolicy, description = null, existingSignatures = null } = options
    const { productVersion: version = null } = options
    const { idempotencyKey = randomUUID() } = options
    const submission = { project, signingPolicy, description, version, existingSignatures, idempotencyKey }
    const { signingRequestId, position } = await submitFile(connection, file, submission, { report, signal })
    if (destination === undefined) {
      report.result({ signingRequestId, position }, () => `${signingRequestId}\n`)
      return
    }
    id = signingRequestId
    report.note(`Signing request ${id}`, 'strong')
    for await (const news of followRequest(connection, id, { report, signal, submittedAt: position })) {
      request = news.request
      for (const event of news.events) report.note(eventText(event))
      if (news.events.some(({ type }) => type === 'SigningPlanned'))
        await noteExistingSignatures(connection, id, report)
      if (request.status === 'WaitingForApproval' && news.events.length > 0)
        report.note(waitingText(request), 'waiting')
      const delayed = delayText(request, news.events)
      if (delayed !== undefined) report.note(delayed, 'waiting')
    }
    const { signedArtifact: artifact, signedArtifactLink: link } = request ?? {}
    if (!artifact || !link) throw (request && outcomeError(request)) ?? new Error('the request came to no end')
    await saveArtifact({ report, connection, link, artifact, destination, signal })
    const { sha256, size } = artifact
    const { path } = destination
    answer({ out: path, sha256, size }, `${report.marker('good', 'Signed')}: ${path}, SHA-256 ${sha256}\n`)
  } catch (error) {
    // A program must learn the id of what it started, however it ends.
    if (id !== undefined) answer(null, '')
    throw wait.explain(error, id === undefined ? 'Nothing was submitted.' : howToContinue(id))
  } finally {
    wait.end()
  }
}

async function destinationOf({ out, wait }: Options, folder: string): Promise<Destination | undefined> {
  if (wait && out === undefined)
    throw usageError('--out is needed: where to save the signed file.', 'It may be FILE itself; or give --no-wait.')
  if (!wait && out !== undefined)
    throw usageError('--out and --no-wait exclude each other.', '`countersign request download` saves the file later.')
  return out === undefined ? undefined : checkDestination(resolve(folder, out))
}

function waitingText({ missingApprovals, approvalProcess }: RequestDetails): string {
  return `Waiting for ${missingApprovals} of: ${principalNames(approvalProcess?.approvers ?? [])}`
}
