import { awaitSignature } from './await-signature.ts'
import { CliError, usageError } from './cli-error.ts'
import type { Connection, ConnectionOptions } from './connection/connection.ts'
import { ask } from './connection/graphql.ts'
import type { Destination } from './destination.ts'
import { requestByKey } from './documents/requests.ts'
import { parseId } from './entity-id.ts'
import { exitCode } from './exit-code.ts'
import { connect, type Invocation } from './invocation.ts'
import { beginWait, howToContinue } from './waiting.ts'

/** Which request is taken up. */
export type AttachOptions = ConnectionOptions & {
  /** The id, or `true` where the idempotency key says which. */
  readonly attach: string | true
  readonly idempotencyKey?: string
}

/**
 * Takes up a request that was submitted before, by an earlier job for example: waits for its signature and saves the file.
 *
 * @throws CliError `USAGE` unless one of id and key names it; `SIGNING_REQUEST_NOT_FOUND`; as `awaitSignature` does
 */
export async function attachRequest(
  invocation: Invocation,
  options: AttachOptions,
  destination: Destination,
  timeout: number | undefined,
): Promise<void> {
  const { terminal, report } = invocation
  const { attach: named, idempotencyKey: key } = options
  if ((typeof named === 'string') === (key !== undefined))
    throw usageError(
      'Name the request that --attach is to take up: by its id (--attach ID) or by --idempotency-key KEY.',
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
