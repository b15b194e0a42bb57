import {
  parseId,
  Refusal,
  type SigningRequest,
  type SigningRequestId,
  signingRequestDecider,
  streams,
} from '../domain/index.ts'
import type { RequestCommand } from '../workflows/client.ts'
import type { SigningRequestChanged } from './application.ts'
import { type Caller, initiatorOf } from './caller.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

/**
 * Reads a request that the caller may know of.
 *
 * @throws Refusal `ID_MALFORMED`, `SIGNING_REQUEST_NOT_FOUND`, also for requests of other organizations
 */
export async function findSigningRequest(
  { log }: Pick<ApplicationDependencies, 'log'>,
  caller: Caller,
  id: string,
): Promise<SigningRequest> {
  const signingRequestId = parseId<SigningRequestId>(id, 'The signing request id')
  const { state } = await loadOwn(log, streams.signingRequest(signingRequestId), signingRequestDecider, caller)
  if (state.workflowStatus === 'none')
    throw new Refusal('SIGNING_REQUEST_NOT_FOUND', `There is no signing request ${signingRequestId}.`)
  return state
}

/**
 * Sends a command to a request's workflow. It is decided here first, on the log: what must be refused needs no workflow
 * to say so, and a request that is over starts none.
 */
export async function changeSigningRequest(
  { workflows }: ApplicationDependencies,
  caller: Caller,
  request: SigningRequest,
  command: RequestCommand,
): Promise<SigningRequestChanged> {
  const { signingRequestId } = request
  signingRequestDecider.decide(command, request)
  const { position } = await workflows.change(signingRequestId, { command, initiator: initiatorOf(caller) })
  return { signingRequestId, position }
}
