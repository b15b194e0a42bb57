import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import {
  type ArtifactOptions,
  type ArtifactSource,
  artifactSource,
  givenArtifactOptions,
  withArtifactOptions,
} from '../artifact-source.ts'
import { attachRequest } from '../attach-request.ts'
import { awaitSignature } from '../await-signature.ts'
import { type BuildOptions, givenBuildOptions, type SaidBuild, saidBuild, withBuildOptions } from '../build-options.ts'
import { usageError } from '../cli-error.ts'
import { type ClientCertificateOptions, withClientCertificate } from '../client-certificate-options.ts'
import { askedConfiguration, type ConfigurationOptions, withConfigurationOptions } from '../configuration-options.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { checkDestination, type Destination } from '../destination.ts'
import { type ExistingSignatureTreatment, existingSignatureTreatments } from '../documents/request-fields.ts'
import { parseDuration } from '../duration.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { submitArtifact } from '../submit-artifact.ts'
import { beginWait, howToContinue } from '../waiting.ts'

type Options = ConnectionOptions &
  ClientCertificateOptions &
  ArtifactOptions &
  ConfigurationOptions &
  BuildOptions & {
    readonly project?: string
    readonly policy?: string
    /** The id, or `true` where the idempotency key says which. */
    readonly attach?: string | true
    readonly out?: string
    readonly description?: string
    readonly productVersion?: string
    readonly existingSignatures?: ExistingSignatureTreatment
    readonly cancelAfter?: string
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
    'Waits for approvals and for the signature, through restarts of the service, and saves the signed file when its SHA-256 is what the service recorded. Ctrl-C ends the waiting and not the request; `countersign sign --attach` takes it up again.',
  )
  const connected = withArtifactOptions(withBuildOptions(withClientCertificate(withConnection(command))))
  withConfigurationOptions(connected)
    .argument('[file]', 'the file to be signed; none with --attach, with a link, or where it is described for later')
    .option('--project <slug>', 'the project (slug or id)')
    .option('--policy <slug>', 'its signing policy (slug or id)')
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
    .option('--cancel-after <duration>', 'the service cancels the request when it is not over after this long')
    .option(
      '--idempotency-key <key>',
      'your name for this submission, such as the id of a CI job: signing again under it finds the request that is there (default: a new one)',
    )
    .option('--no-wait', 'submit, print the id of the request, and end')
    .option(
      '--attach [id]',
      'instead of submitting: take up the request with this id, or the one that you submitted under --idempotency-key, as in an earlier job',
    )
    .action(async (name: string | undefined, options: Options) => {
      const { terminal } = invocation
      const timeout = options.timeout === undefined ? undefined : parseDuration(options.timeout, '--timeout')
      const submission = options.attach === undefined ? submissionOf(options) : undefined
      const destination = await destinationOf(options, terminal.workingDirectory)
      if (submission !== undefined) {
        const source = await artifactSource(terminal, name, options)
        const connection = await connect(invocation, options, 'ci')
        return sign(invocation, connection, {
          submission,
          source,
          said: await saidBuild(terminal, options, typeof connection.token !== 'string'),
          destination,
          timeout,
        })
      }
      if (name !== undefined) throw usageError('FILE and --attach exclude each other: the file was submitted already.')
      if (destination === undefined) throw usageError('--attach and --no-wait exclude each other.')
      refuseSubmission(options)
      await attachRequest(invocation, { ...options, attach: options.attach ?? true }, destination, timeout)
    })
}

type Submission = ReturnType<typeof submissionOf>

/** The service measures this time, and takes a year. */
const longestCancellationDays = 366

function submissionOf(options: Options) {
  const { project, policy: signingPolicy, cancelAfter } = options
  if (project === undefined || signingPolicy === undefined)
    throw usageError(
      '--project and --policy are needed: whose policy decides about the file.',
      '`countersign sign --help` shows what there is.',
    )
  const { description = null, existingSignatures = null, productVersion: version = null } = options
  const { idempotencyKey = randomUUID() } = options
  const cancelAfterSeconds =
    cancelAfter === undefined ? null : parseDuration(cancelAfter, '--cancel-after', longestCancellationDays) / 1000
  const said = { description, version, existingSignatures, ...askedConfiguration(options) }
  return { project, signingPolicy, ...said, idempotencyKey, cancelAfterSeconds }
}

/** @throws CliError `USAGE` when something is said that only a submission says */
function refuseSubmission(options: Options): void {
  const { project, policy, description, productVersion, existingSignatures, cancelAfter } = options
  const { artifactConfiguration, parameter } = options
  const said = [project, policy, description, productVersion, existingSignatures, cancelAfter, artifactConfiguration]
  // By the job's token a later job takes a request up as well.
  const { identityToken: _, audience: _audience, ...others } = options
  const given = [...givenArtifactOptions(options), ...givenBuildOptions(others)]
  if (said.some((value) => value !== undefined) || parameter.length > 0 || given.length > 0)
    throw usageError('What is said with a submission (--project, --policy, …) does not go with --attach: it was made.')
}

async function sign(
  invocation: Invocation,
  connection: Connection,
  {
    submission,
    source,
    said,
    destination,
    timeout,
  }: {
    readonly submission: Submission
    readonly source: ArtifactSource
    readonly said: SaidBuild
    readonly destination: Destination | undefined
    readonly timeout: number | undefined
  },
): Promise<void> {
  const { terminal, report } = invocation
  const wait = beginWait(terminal.interruption(), timeout)
  const { signal } = wait
  let signingRequestId: string | undefined
  try {
    const { position, ...changed } = await submitArtifact(
      connection,
      source,
      { ...submission, said },
      { report, signal },
    )
    signingRequestId = changed.signingRequestId
    const isLater = source.kind === 'announcedFile' || source.kind === 'announcedUpload'
    if (isLater) report.note(`Send it: \`countersign request upload ${signingRequestId} FILE\``, 'waiting')
    if (destination === undefined) {
      report.result({ signingRequestId, position }, () => `${signingRequestId}\n`)
      return
    }
    report.note(`Signing request ${signingRequestId}`, 'strong')
    await awaitSignature({ connection, report, signal, signingRequestId, submittedAt: position, destination })
  } catch (error) {
    const hint = signingRequestId === undefined ? 'Nothing was submitted.' : howToContinue(signingRequestId)
    throw wait.explain(error, hint)
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
