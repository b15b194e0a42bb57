import {
  type Approval,
  fold,
  type GrantId,
  grantDecider,
  groupDecider,
  type InvalidationReason,
  isMember,
  streams,
  userDecider,
} from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import type { InvalidApproval, ShortActivities } from './contract.ts'

/** Says which approvals are to be taken back, because their givers may not approve as the log has it now. */
export function findInvalidApprovals(log: EventLog): ShortActivities['findInvalidApprovals'] {
  async function invalidationOf({
    approver,
    through,
    grantId,
  }: Pick<Approval, 'approver' | 'through' | 'grantId'>): Promise<InvalidationReason | undefined> {
    const user = fold(userDecider, (await readWholeStream(log, streams.user(approver))).events)
    if (user.status !== 'active') return 'userDeactivated'
    if (grantId !== undefined && (await isRevoked(log, grantId))) return 'grantRevoked'
    for (const reference of through) {
      if ('user' in reference) return undefined
      const { events } = await readWholeStream(log, streams.group(reference.group))
      if (isMember(fold(groupDecider, events), user.organizationId, approver)) return undefined
    }
    return 'removedFromGroup'
  }

  return async ({ approvals }) => {
    const invalid: InvalidApproval[] = []
    for (const approval of approvals) {
      const reason = await invalidationOf(approval)
      if (reason !== undefined) invalid.push({ approver: approval.approver, reason })
    }
    return invalid
  }
}

async function isRevoked(log: EventLog, grantId: GrantId): Promise<boolean> {
  return fold(grantDecider, (await readWholeStream(log, streams.grant(grantId))).events).status === 'revoked'
}
