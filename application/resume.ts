import {
  type CertificateId,
  fold,
  isFinalStatus,
  parseStreamName,
  type SigningRequestId,
  type SigningRequestState,
  signingRequestDecider,
} from '../domain/index.ts'
import type { ApplicationDependencies } from './ports.ts'

/** What {@link resumeUnfinished} found and did. */
export type Resumed = {
  /** Requests that the log has not seen the end of. */
  readonly unfinished: number
  /** Those that had no workflow that ran as it should, and have one now. The others were told to read the log again. */
  readonly started: readonly SigningRequestId[]
}

/**
 * Gives every unfinished request in the log that has no running workflow a new one, and has the others go on from what
 * the log says. Temporal's own store may have been lost, or know less: the log knows everything that a workflow needs. Certificates that were asked for and not made are taken up too.
 *
 * Reads the whole log; memory grows with the number of unfinished requests only.
 */
export async function resumeUnfinished({
  log,
  workflows,
}: Pick<ApplicationDependencies, 'log' | 'workflows'>): Promise<Resumed> {
  const requests = new Map<SigningRequestId, SigningRequestState>()
  const certificates = new Set<CertificateId>()
  for await (const batch of log.readAll())
    for (const event of batch) {
      const stream = parseStreamName(event.streamId)
      if (stream?.kind === 'certificate') {
        const id = stream.id as CertificateId
        if (event.type === 'CertificateRequested') certificates.add(id)
        if (event.type === 'CertificateIssued' || event.type === 'CertificateDisabled') certificates.delete(id)
      }
      if (stream?.kind !== 'signingRequest') continue
      const id = stream.id as SigningRequestId
      const state = fold(signingRequestDecider, [event], requests.get(id))
      if (state.workflowStatus !== 'none' && isFinalStatus(state.workflowStatus)) requests.delete(id)
      else requests.set(id, state)
    }

  const started: SigningRequestId[] = []
  for (const id of requests.keys()) if ((await workflows.resume(id)) !== 'refreshed') started.push(id)
  for (const id of certificates) await workflows.resumeCertificate(id)
  return { unfinished: requests.size, started }
}
