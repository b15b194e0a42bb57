import { randomUUID } from 'node:crypto'
import type { ApplicationDependencies } from '../../../application/index.ts'
import type { Setup } from '../../../application/setup.ts'
import {
  type GrantFacts,
  type GrantId,
  type ProjectId,
  type SigningPolicyId,
  type SigningRequestId,
  streams,
  type UserId,
} from '../../../domain/index.ts'
import { prepareEvents } from '../../../event-log/index.ts'

/** Whose grant it is to be, and for which policy. */
export type GrantOf = {
  readonly giver: UserId
  readonly projectId: ProjectId
  readonly signingPolicyId: SigningPolicyId
}

/** A grant as it stands in the log, used for a request that nobody knows; nothing asks whether its giver may approve. */
export async function grantInLog(
  { log, now }: Pick<ApplicationDependencies, 'log' | 'now'>,
  { organizationId }: Pick<Setup, 'organizationId'>,
  of: GrantOf,
): Promise<GrantId> {
  const grantId = randomUUID() as GrantId
  const stream = streams.grant(grantId)
  const facts: GrantFacts = {
    grantId,
    organizationId,
    ...of,
    signingPolicyVersion: 1,
    certificateThumbprint: 'ab'.repeat(32),
    from: now(),
    until: '2090-01-01T00:00:00.000Z',
    maximumRequests: 1,
    fileNames: ['*'],
    versions: [],
    branches: [],
    comment: null,
  }
  const events = [
    { type: 'GrantGiven', data: { schemaVersion: 1, ...facts } },
    { type: 'GrantUseReserved', data: { schemaVersion: 1, signingRequestId: randomUUID() as SigningRequestId } },
  ]
  const metadata = {
    schemaVersion: 1,
    organizationId,
    actor: { kind: 'system', component: 'test' },
    correlationId: stream,
    causationId: stream,
    occurredAt: now(),
  } as const
  await log.append(stream, prepareEvents(stream, 'noStream', events, metadata), 'noStream')
  return grantId
}
