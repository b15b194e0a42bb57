import { randomUUID } from 'node:crypto'
import { recordFinding } from '../../detection/record-finding.ts'
import {
  type ApiTokenId,
  type OrganizationId,
  type SigningPolicyId,
  type SigningRequestId,
  streams,
  type UnusualActivityDetected,
  type UserId,
} from '../../domain/index.ts'
import type { EventLog } from '../../event-log/index.ts'

/** Whom a finding is about, and what differs from the one that is made. */
export type MadeFinding = {
  readonly organizationId: OrganizationId
  readonly userId: UserId
  readonly signingPolicyId: SigningPolicyId
  readonly facts?: Partial<UnusualActivityDetected['data']>
  readonly at?: string
}

/** Records a finding as detection does: a release policy was used at three o'clock. */
export async function recordUnusualFinding(
  log: Pick<EventLog, 'append'>,
  { organizationId, userId, signingPolicyId, facts, at = new Date().toISOString() }: MadeFinding,
): Promise<void> {
  const signingRequestId = randomUUID() as SigningRequestId
  const evidence = { eventId: randomUUID(), streamId: streams.signingRequest(signingRequestId) }
  const data = {
    schemaVersion: 1,
    rule: 'unusualHour',
    seen: { hour: 3 },
    usual: { hours: [9, 10, 11], uses: 120, of: 'signingPolicy' },
    about: 'signingPolicy',
    userId,
    signingPolicyId,
    tokenId: randomUUID() as ApiTokenId,
    signingRequestId,
    happenedAt: at,
    count: 1,
    evidence: [evidence],
    ...facts,
  } as UnusualActivityDetected['data']
  const cause = { organizationId, evidence, correlationId: signingRequestId, remoteAddress: '192.0.2.7' }
  await recordFinding(log, { id: randomUUID(), event: { type: 'UnusualActivityDetected', data }, cause }, at)
}
