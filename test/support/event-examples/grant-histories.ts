import { streams } from '../../../domain/index.ts'
import { at, byPasskey, byWorkflow, digest, id } from './facts.ts'
import { type EventHistory, grantedRequest } from './request-histories.ts'

/** Histories of a grant, and of the list in which it stands. */
export const grantHistories: readonly EventHistory[] = [
  {
    streamId: streams.policyGrants(id.policy),
    events: [
      byPasskey('GrantListed', { grantId: id.spentGrant, until: at }),
      byPasskey('GrantDelisted', { grantId: id.spentGrant }),
      byPasskey('GrantListed', { grantId: id.grant, until: '2026-03-08T12:00:00.000Z' }),
    ],
  },
  {
    streamId: streams.grant(id.grant),
    events: [
      byPasskey('GrantGiven', {
        grantId: id.grant,
        organizationId: id.organization,
        projectId: id.project,
        signingPolicyId: id.policy,
        signingPolicyVersion: 2,
        certificateThumbprint: digest('56'),
        giver: id.approver,
        from: at,
        until: '2026-03-08T12:00:00.000Z',
        maximumRequests: 3,
        fileNames: ['setup-*.exe'],
        versions: ['2.*'],
        branches: ['release/**'],
        comment: 'The night of the release',
      }),
      byWorkflow('GrantUseReserved', { signingRequestId: grantedRequest }),
      byPasskey('GrantRevoked', { revokedBy: id.approver, reason: 'Released' }),
    ],
  },
]
