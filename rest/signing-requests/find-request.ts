import type { Application, Caller } from '../../application/index.ts'
import { parseId, Refusal, type SigningRequestId } from '../../domain/index.ts'
import type { LogPosition } from '../../event-log/index.ts'
import type { ReadModel, SigningRequestView } from '../../projections/index.ts'

/** How long an answer waits for the read model to have what the log has, in milliseconds. */
const readModelTimeoutMs = 5_000

/** How long the answer to a change waits, so that who asks next finds it, in milliseconds. */
const projectionWaitMs = 1_000

/** What requests are found by. */
export type FindingDependencies = {
  readonly application: Pick<Application, 'locateSigningRequest'>
  readonly readModel: ReadModel
}

/**
 * A request of the caller's organization. Clients ask for what they have just submitted, and take a 404 for its end: one that the
 * log has and the read model not yet is waited for.
 *
 * @throws Refusal `ID_MALFORMED`, `SIGNING_REQUEST_NOT_FOUND`
 * @throws ReadModelError `READ_MODEL_BEHIND`
 */
export async function findRequest(
  { application, readModel }: FindingDependencies,
  caller: Caller,
  text: string,
): Promise<SigningRequestView> {
  const signingRequestId = parseId<SigningRequestId>(text, 'The signing request id')
  const look = async () => (await readModel.signingRequestsByIds(caller.organizationId, [signingRequestId]))[0]
  const found = await look()
  if (found !== undefined) return found
  const { position } = await application.locateSigningRequest(caller, { signingRequestId })
  await readModel.waitFor(position, { timeoutMs: readModelTimeoutMs })
  const projected = await look()
  if (projected !== undefined) return projected
  throw new Refusal('SIGNING_REQUEST_NOT_FOUND', `There is no signing request ${signingRequestId}.`)
}

/** A request after a change that was made: with the change in it, unless the read model takes too long. */
export async function findChanged(
  dependencies: FindingDependencies,
  caller: Caller,
  { signingRequestId, position }: { readonly signingRequestId: SigningRequestId; readonly position: LogPosition },
): Promise<SigningRequestView> {
  await dependencies.readModel.waitFor(position, { timeoutMs: projectionWaitMs }).catch(() => undefined)
  return findRequest(dependencies, caller, signingRequestId)
}
