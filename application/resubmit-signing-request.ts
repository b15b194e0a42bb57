import { type ConfigurationParameters, usableEarlierRequest } from '../domain/index.ts'
import type { Caller } from './caller.ts'
import type { SigningRequestChanged } from './change-signing-request.ts'
import { loadSigningRequest } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { submitSigningRequest } from './submit-signing-request.ts'

/** What a resubmission says. Everything else is that of the original request. */
export type ResubmitSigningRequestInput = {
  /** A completed request. */
  readonly originalSigningRequestId: string
  /** The signing policy's slug (in the original's project) or id. */
  readonly signingPolicy: string
  readonly description: string | null
  /** Another artifact configuration than the original's, in the version in force: its slug or id. */
  readonly artifactConfiguration?: string | null
  /** Other values of its parameters than the original's. */
  readonly parameters?: ConfigurationParameters | null
  /** As of a submission. */
  readonly idempotencyKey?: string | null
}

/**
 * Submits the artifact of a completed request again, to whichever policy of its project, as a request of its own. The artifact, its
 * origin and all that its submitter chose are taken over; the new policy judges them.
 *
 * @throws Refusal `ID_MALFORMED`, `SIGNING_REQUEST_NOT_FOUND`, `EARLIER_REQUEST_NOT_USABLE`, and as `submitSigningRequest`
 */
export async function resubmitSigningRequest(
  dependencies: ApplicationDependencies,
  caller: Caller,
  input: ResubmitSigningRequestInput,
): Promise<SigningRequestChanged> {
  const { originalSigningRequestId, ...chosen } = input
  const request = await loadSigningRequest(dependencies.log, caller, originalSigningRequestId)
  const original = usableEarlierRequest(request, request.signingRequestId, request)
  const { signingRequestId, projectId, version = null, existingSignatures } = original
  const source = { kind: 'earlierRequest', signingRequestId } as const
  return submitSigningRequest(dependencies, caller, {
    ...chosen,
    project: projectId,
    version,
    existingSignatures,
    source,
  })
}
