import { parseId, Refusal, type SigningRequestId, streams } from '../domain/index.ts'
import { type LogPosition, readWholeStream } from '../event-log/index.ts'
import type { Caller } from './caller.ts'
import type { ApplicationDependencies } from './ports.ts'

/** Which request is looked for. */
export type LocateSigningRequestInput = { readonly signingRequestId: string }

/**
 * Where the newest event of a request is in the log: who needs it in the read model waits for that position.
 *
 * @throws Refusal `ID_MALFORMED`, `SIGNING_REQUEST_NOT_FOUND`, also for requests of other organizations
 */
export async function locateSigningRequest(
  { log }: Pick<ApplicationDependencies, 'log'>,
  { organizationId }: Caller,
  input: LocateSigningRequestInput,
): Promise<{ readonly position: LogPosition }> {
  const signingRequestId = parseId<SigningRequestId>(input.signingRequestId, 'The signing request id')
  const { events } = await readWholeStream(log, streams.signingRequest(signingRequestId))
  const newest = events.at(-1)
  if (newest === undefined || newest.metadata.organizationId !== organizationId)
    throw new Refusal('SIGNING_REQUEST_NOT_FOUND', `There is no signing request ${signingRequestId}.`)
  return { position: newest.position }
}
