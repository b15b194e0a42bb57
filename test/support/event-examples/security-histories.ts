import { streams } from '../../../domain/index.ts'
import { fixedUuid } from '../submission.ts'
import { at, byAudit, byDetection, byToken, id, nobody, noOrganization } from './facts.ts'
import { type EventHistory, exampleRequest } from './request-histories.ts'

/** Histories of refusals, and of unusual activity. */
export const securityHistories: readonly EventHistory[] = [
  {
    streamId: streams.security(id.organization, '2026-03-02T12:00:00.000Z'),
    events: [
      nobody('CommandRefused', {
        commands: ['authenticate'],
        code: 'TOKEN_REVOKED',
        subject: null,
        count: 2,
        firstAt: '2026-03-02T12:00:00.000Z',
        lastAt: '2026-03-02T12:00:30.000Z',
        presented: { userId: id.user, tokenId: id.token },
      }),
    ],
  },
  {
    streamId: streams.unusualActivity(fixedUuid('5')),
    events: [
      byDetection('UnusualActivityDetected', {
        rule: 'unusualHour',
        seen: { hour: 3 },
        usual: { hours: [9, 10, 11], uses: 120, of: 'signingPolicy' },
        about: 'signingPolicy',
        userId: id.user,
        signingPolicyId: id.policy,
        tokenId: id.token,
        signingRequestId: exampleRequest,
        happenedAt: at,
        count: 1,
        evidence: [{ eventId: fixedUuid('6'), streamId: streams.signingRequest(exampleRequest) }],
      }),
    ],
  },
  {
    streamId: streams.unusualActivity(fixedUuid('7')),
    events: [
      byDetection('FurtherUnusualActivityDetected', {
        rule: 'newNetwork',
        count: 9,
        subjects: [{ about: 'user', userId: id.user, signingPolicyId: id.policy }],
        unnamed: 2,
        firstAt: at,
        lastAt: at,
      }),
    ],
  },
  {
    streamId: streams.security(noOrganization, at),
    events: [
      byAudit('RefusalEventsReserved', {
        events: 2,
        recording: { count: 3, organizations: 1, most: [{ organizationId: id.organization, count: 3 }] },
        waiting: { count: 5, organizations: 1, most: [{ organizationId: id.organization, count: 5 }] },
      }),
    ],
  },
  {
    streamId: streams.security(id.organization, at),
    events: [
      byToken('CommandRefused', {
        commands: ['approveSigningRequest', 'denySigningRequest'],
        code: 'NOT_AN_APPROVER',
        subject: exampleRequest,
        count: 1,
        firstAt: at,
        lastAt: at,
      }),
      nobody('FurtherCommandsRefused', {
        count: 9,
        kinds: [
          {
            actor: { kind: 'anonymous' },
            remoteAddress: '192.0.2.1',
            commands: ['authenticate'],
            code: 'TOKEN_INVALID',
            count: 7,
          },
        ],
        unnamed: 2,
        firstAt: at,
        lastAt: at,
      }),
    ],
  },
]
