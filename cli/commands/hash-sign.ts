import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { waitingText } from '../await-signature.ts'
import type { CliError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { checkDestination, replaceFile } from '../destination.ts'
import { type SignHashesAnswer, type SignHashesInput, signHashes } from '../documents/hashes.ts'
import { parseDuration } from '../duration.ts'
import { followRequest } from '../following/follow-request.ts'
import { retryCall, usualRetryLimits } from '../following/retry-call.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { localHash, type SignableHashName, signableHashes } from '../local-hash.ts'
import { outcomeError } from '../outcome.ts'
import { eventText } from '../output/event-text.ts'
import { beginWait } from '../waiting.ts'

type Options = ConnectionOptions & {
  readonly project: string
  readonly policy: string
  readonly algorithm: keyof typeof algorithms
  readonly hash: SignableHashName
  readonly digest?: string
  readonly format: 'der' | 'raw'
  readonly out?: string
  readonly metadata?: string
  readonly description?: string
  readonly productVersion?: string
  readonly idempotencyKey?: string
  readonly timeout?: string
}

const algorithms = { ecdsa: 'Ecdsa', 'rsa-pkcs1': 'RsaPkcs1', 'rsa-pss': 'RsaPss' } as const

/** `countersign hash sign`. With `--json`: `{ signingRequestId, signature, out }`; `out` is null without `--out`. */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    'Signs a hash as it is, by a policy that allows hash signing. The signature is as OpenSSL makes it: `openssl pkeyutl -verify` takes it.',
  )
  withConnection(command)
    .argument('[file]', 'the file whose hash is signed; it stays here')
    .requiredOption('--project <slug>', 'the project (slug or id)')
    .requiredOption('--policy <slug>', 'its signing policy (slug or id)')
    .addOption(
      new Option('--algorithm <name>', 'how it is signed; the key of the policy must be one for it')
        .choices(Object.keys(algorithms))
        .makeOptionMandatory(),
    )
    .addOption(new Option('--hash <name>', 'the hash algorithm').choices(Object.keys(signableHashes)).default('sha256'))
    .option('--digest <hash>', 'the hash itself, hexadecimal or base64, in place of a file')
    .addOption(
      new Option('--format <form>', 'of ECDSA: der, as OpenSSL has it; raw, as PKCS#11 has it')
        .choices(['der', 'raw'])
        .default('der'),
    )
    .option('--out <file>', 'where to save the signature; else it is printed in base64')
    .option('--metadata <json>', 'what is recorded with the request')
    .option('--description <text>', 'what this is, for those who approve')
    .option('--product-version <version>', 'which version of the product it is; grants can ask for it')
    .option('--idempotency-key <key>', 'your name for this request (default: a new one)')
    .option('--timeout <duration>', 'give up waiting after this long (90s, 15m, 2h); the request goes on')
    .action((file: string | undefined, options: Options) => sign(invocation, file, options))
}

async function sign(invocation: Invocation, file: string | undefined, options: Options): Promise<void> {
  const { terminal, report } = invocation
  const folder = terminal.workingDirectory
  const timeout = options.timeout === undefined ? undefined : parseDuration(options.timeout, '--timeout')
  const destination = options.out === undefined ? undefined : await checkDestination(resolve(folder, options.out))
  const wait = beginWait(terminal.interruption(), timeout)
  const { signal } = wait
  const { idempotencyKey = randomUUID() } = options
  let id: string | undefined
  try {
    const hash = await localHash({ file, digest: options.digest }, options.hash, { folder, signal })
    const connection = await connect(invocation, options, 'ci')
    const call = callWith(connection, inputOf({ ...options, idempotencyKey }, hash), invocation, signal)
    let answer = await call()
    id = answer.signingRequestId
    if (answer.signatures === null) {
      report.note(`Signing request ${id}`, 'strong')
      for await (const { events, request } of followRequest(connection, id, {
        report,
        signal,
        submittedAt: answer.position,
      })) {
        for (const event of events) report.note(eventText(event))
        if (request.status === 'WaitingForApproval' && events.length > 0) report.note(waitingText(request), 'waiting')
        const error = request.isFinalStatus ? outcomeError(request) : undefined
        if (error !== undefined) throw error
      }
      // The same call again answers what the request that is there has come to.
      answer = await call()
    }
    const [signature] = answer.signatures ?? []
    if (signature === undefined) throw new Error('the request came to no signature')
    const bytes = Buffer.from(signature, 'base64')
    if (destination !== undefined) await replaceFile(destination, (handle) => handle.writeFile(bytes))
    const out = destination?.path ?? null
    report.result({ signingRequestId: id, signature, out }, () =>
      out === null ? `${signature}\n` : `${report.marker('good', 'Signed')}: ${out}, ${bytes.length} bytes\n`,
    )
  } catch (error) {
    throw wait.explain(error, id === undefined ? 'Nothing was submitted.' : howToComeBack(id, idempotencyKey))
  } finally {
    wait.end()
  }
}

/** The signature is the answer of the submission, so it is had by submitting again. */
function howToComeBack(id: string, key: string): string {
  return (
    `The request goes on. The same command with \`--idempotency-key ${JSON.stringify(key)}\` waits for its signature again. ` +
    `Follow it: \`countersign request watch ${id}\`. Cancel it: \`countersign request cancel ${id}\`.`
  )
}

function inputOf(options: Options & { readonly idempotencyKey: string }, hash: Buffer): SignHashesInput {
  const isEcdsa = options.algorithm === 'ecdsa'
  return {
    project: options.project,
    signingPolicy: options.policy,
    signatureAlgorithm: algorithms[options.algorithm],
    hashAlgorithm: isEcdsa ? null : signableHashes[options.hash].oid,
    signatureFormat: isEcdsa ? (options.format === 'raw' ? 'Ieee' : 'Asn1') : null,
    hashes: [hash.toString('base64')],
    metadata: options.metadata ?? null,
    description: options.description ?? null,
    version: options.productVersion ?? null,
    idempotencyKey: options.idempotencyKey,
  }
}

/** Sends it, again when the answer is lost: under its key there is one request. */
function callWith(
  connection: Connection,
  input: SignHashesInput,
  { report }: Invocation,
  signal: AbortSignal,
): () => Promise<SignHashesAnswer> {
  const notices = {
    failing: (error: CliError) => report.note(`${error.message} Trying again.`, 'waiting'),
    recovered: () => undefined,
  }
  return () =>
    retryCall(async () => (await ask(connection, signHashes, { input })).signHashes, usualRetryLimits, signal, notices)
}
