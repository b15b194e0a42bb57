import type {
  ChangeProposalCommand,
  ChangeProposalId,
  GrantCommand,
  GrantId,
  Instant,
  SigningRequestId,
  UserId,
} from '../../../domain/index.ts'
import { streams } from '../../../domain/index.ts'
import { aGrant, grantedPolicy } from '../grants.ts'
import { people } from '../submission.ts'
import { digest, pick, randomOrganization, uuid } from './values.ts'

const day = 86_400_000
const after = (at: Instant, days: number): Instant => new Date(Date.parse(at) + days * day).toISOString()

/** What may be asked of a grant. */
export function grantCommands(grantId: GrantId, detail: number, at: Instant): readonly GrantCommand[] {
  const { fileNames, versions, branches } = aGrant
  const policy = { ...grantedPolicy(), organizationId: randomOrganization }
  const terms = {
    fileNames,
    versions,
    branches,
    maximumRequests: 1 + (detail % 4),
    from: at,
    until: after(at, 1 + (detail % 30)),
  }
  const use = { type: 'ReserveGrantUse', signingRequestId: uuid<SigningRequestId>('5', detail % 12), at } as const
  return [
    {
      type: 'GiveGrant',
      grantId,
      giver: people.anna,
      groups: [],
      policy,
      certificateThumbprint: digest(detail),
      comment: detail % 2 === 0 ? null : 'For the release',
      at,
      ...terms,
    },
    use,
    use,
    { type: 'RevokeGrant', revokedBy: uuid('1', detail % 3), reason: null },
  ]
}

/** What may be asked of a proposed change. */
export function changeCommands(
  changeProposalId: ChangeProposalId,
  detail: number,
  at: Instant,
): readonly ChangeProposalCommand[] {
  const approve = (number: number): ChangeProposalCommand => ({
    type: 'ApproveChange',
    approver: { userId: uuid<UserId>('1', number), kind: 'interactive' },
    comment: null,
    samePersonAs: [],
    noLongerAllowed: detail % 5 === 0 ? [uuid<UserId>('1', (number + 1) % 3)] : [],
    at,
  })
  return [
    {
      type: 'ProposeChange',
      changeProposalId,
      organizationId: randomOrganization,
      target: streams.signingPolicy(uuid('4', detail % 4)),
      baseRevision: 0,
      events: [{ type: 'SigningPolicyReactivated', data: { schemaVersion: 1 } }],
      author: uuid('1', 3),
      permission: 'administerProjects',
      requiredApprovals: 1 + (detail % 2),
      expiresAt: after(at, 1 + (detail % 3)),
      reason: detail % 2 === 0 ? null : 'The project goes on',
    },
    approve(detail % 3),
    approve((detail + 1) % 3),
    { type: 'RejectChange', rejectedBy: uuid('1', detail % 3), comment: 'Not now', at },
    { type: 'ApplyChange', revision: 1 },
    { type: 'LapseChange', reason: pick(['expired', 'baseMoved'] as const, detail), at },
  ]
}
