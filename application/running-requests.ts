import {
  type CertificateId,
  dependenciesOf,
  isFinalStatus,
  type OrganizationId,
  parseStreamName,
  type UserId,
  workflowStatuses,
} from '../domain/index.ts'
import { inBatches, type KnownRequest, type LookUps, membersOfGroups, newestRequests } from './look-ups.ts'

/** The running requests that depend on something. */
export type RunningRequests<Request> = {
  /** Newest first. */
  readonly signingRequests: readonly Request[]
  /** Whether these are all. */
  readonly complete: boolean
}

/** At most so many running requests are looked at, the newest ones. */
export const mostRunningRequests = 500

const running = workflowStatuses.filter((status) => !isFinalStatus(status))

/**
 * Finds the requests that are not over and depend on keys, certificates, users, groups or trusted build systems, each named by its
 * stream. Of many at once: running requests are read once for all.
 */
export async function runningRequestsOf<Request extends KnownRequest>(
  lookUps: LookUps<Request>,
  organizationId: OrganizationId,
  streamIds: readonly string[],
): Promise<RunningRequests<Request>[]> {
  const filter = { workflowStatuses: running }
  const { requests, complete } = await newestRequests(lookUps, organizationId, filter, mostRunningRequests)
  const dependsOn = await dependencyTest(lookUps, organizationId, streamIds, requests)
  return streamIds.map((streamId) => ({
    signingRequests: requests.filter((request) => dependsOn(request, streamId)),
    complete,
  }))
}

/** Looks up what it takes to say which requests depend on which of some entities. */
async function dependencyTest(
  lookUps: LookUps,
  organizationId: OrganizationId,
  streamIds: readonly string[],
  requests: readonly KnownRequest[],
): Promise<(request: KnownRequest, streamId: string) => boolean> {
  const kinds = new Set(streamIds.map((streamId) => parseStreamName(streamId)?.kind))
  const [keys, members] = await Promise.all([
    kinds.has('key') ? keysOf(lookUps, organizationId, requests) : new Map<CertificateId, string>(),
    kinds.has('user')
      ? membersOfGroups(
          lookUps,
          organizationId,
          requests.flatMap((each) => dependenciesOf(each).groups),
        )
      : new Map(),
  ])
  return (request, streamId) => {
    const { kind, id } = parseStreamName(streamId) ?? {}
    const { certificateId, users, groups } = dependenciesOf(request)
    switch (kind) {
      case 'key':
        return keys.get(certificateId) === id
      case 'certificate':
        return certificateId === id
      case 'group':
        return groups.some((group) => group === id)
      case 'user':
        return users.some((user) => user === id) || groups.some((group) => members.get(group)?.includes(id as UserId))
      case 'trustedBuildSystem':
        return request.vouchedBy?.trustedBuildSystemId === id
      default:
        return false
    }
  }
}

/** The keys of the certificates that requests are to be signed by. */
async function keysOf(
  lookUps: LookUps,
  organizationId: OrganizationId,
  requests: readonly KnownRequest[],
): Promise<ReadonlyMap<CertificateId, string>> {
  const ids = requests.map(({ certificateId }) => certificateId)
  const certificates = await inBatches(ids, (some) => lookUps.certificatesByIds(organizationId, some))
  return new Map(certificates.map((each) => [each.certificateId, each.keyId]))
}
