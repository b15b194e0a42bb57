import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { awaitSignature } from '../await-signature.ts'
import { CliError, usageError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { checkDestination, type Destination } from '../destination.ts'
import { type ExistingSignatureTreatment, existingSignatureTreatments } from '../documents/request-fields.ts'
import { requestByKey } from '../documents/requests.ts'
import { parseDuration } from '../duration.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { findLocalFile, type LocalFile } from '../local-file.ts'
import { submitFile } from '../submit-file.ts'
import { beginWait, howToContinue } from '../waiting.ts'

type Options = ConnectionOptions & {
  readonly project?: string
  readonly policy?: string
  /** The id, or `true` where the idempotency key says which. */
  readonly attach?: string | true
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
    .argument('[file]', 'the file to be signed; none with --attach')
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
      const target = options.attach === undefined ? targetOf(options) : undefined
      const destination = await destinationOf(options, terminal.workingDirectory)
      if (target === undefined) {
        if (name !== undefined)
          throw usageError('FILE and --attach exclude each other: the file was submitted already.')
        if (destination === undefined) throw usageError('--attach and --no-wait exclude each other.')
        return attach(invocation, options, destination, timeout)
      }
      if (name === undefined) throw usageError('FILE is needed: the file to be signed.')
      const file = await findLocalFile(resolve(terminal.workingDirectory, name))
      await sign(invocation, { ...options, ...target }, file, destination, timeout)
    })
}

/** Whose policy decides about the file. */
type Target = { readonly project: string; readonly policy: string }

function targetOf({ project, policy }: Options): Target {
  if (project !== undefined && policy !== undefined) return { project, policy }
  throw usageError(
    '--project and --policy are needed: whose policy decides about the file.',
    '`countersign sign --help` shows what there is.',
  )
}

async function sign(
  invocation: Invocation,
  options: Options & Target,
  file: LocalFile,
  destination: Destination | undefined,
  timeout: number | undefined,
): Promise<void> {
  const { terminal, report } = invocation
  const { project, policy: signingPolicy } = options
  const connection = await connect(invocation, options, 'ci')
  const wait = beginWait(terminal.interruption(), timeout)
  const { signal } = wait
  let signingRequestId: string | undefined
  try {
    const { description = null, existingSignatures = null, productVersion: version = null } = options
    const { idempotencyKey = randomUUID() } = options
    const submission = { project, signingPolicy, description, version, existingSignatures, idempotencyKey }
    const { position, ...changed } = await submitFile(connection, file, submission, { report, signal })
    signingRequestId = changed.signingRequestId
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

/** Takes up a request that was submitted before, by an earlier job for example, and waits for its signature. */
async function attach(
  invocation: Invocation,
  options: Options,
  destination: Destination,
  timeout: number | undefined,
): Promise<void> {
  const { terminal, report } = invocation
  const { attach: named, idempotencyKey: key } = options
  if ((typeof named === 'string') === (key !== undefined))
    throw usageError(
      'Name the request that --attach is to take up: by its id (--attach ID) or by --idempotency-key KEY.',
    )
  for (const option of ['project', 'policy', 'description', 'productVersion', 'existingSignatures'] as const)
    if (options[option] !== undefined)
      throw usageError(
        'What is said with a submission (--project, --policy, …) does not go with --attach: it was made.',
      )
  const given = typeof named === 'string' ? parseId(named, 'signing request') : undefined
  const connection = await connect(invocation, options, 'ci')
  const wait = beginWait(terminal.interruption(), timeout)
  const { signal } = wait
  let signingRequestId = given
  try {
    signingRequestId ??= await requestOfKey(connection, key ?? '', signal)
    report.note(`Signing request ${signingRequestId}`, 'strong')
    await awaitSignature({ connection, report, signal, signingRequestId, destination })
  } catch (error) {
    throw wait.explain(error, signingRequestId === undefined ? 'Nothing was changed.' : howToContinue(signingRequestId))
  } finally {
    wait.end()
  }
}

async function requestOfKey(connection: Connection, idempotencyKey: string, signal: AbortSignal): Promise<string> {
  const { signingRequest } = await ask(connection, requestByKey, { idempotencyKey }, signal)
  if (signingRequest !== null) return signingRequest.signingRequestId
  throw new CliError('SIGNING_REQUEST_NOT_FOUND', 'You submitted no request with this idempotency key.', {
    hint: 'Keys are those of the user whose token is used. `countersign request list` shows the requests.',
    exitCode: exitCode.refused,
  })
}

async function destinationOf({ out, wait }: Options, folder: string): Promise<Destination | undefined> {
  if (wait && out === undefined)
    throw usageError('--out is needed: where to save the signed file.', 'It may be FILE itself; or give --no-wait.')
  if (!wait && out !== undefined)
    throw usageError('--out and --no-wait exclude each other.', '`countersign request download` saves the file later.')
  return out === undefined ? undefined : checkDestination(resolve(folder, out))
}
