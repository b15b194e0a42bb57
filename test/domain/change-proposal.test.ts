import { describe, expect, it } from 'vitest'
import {
  type Actor,
  type ApiTokenId,
  type ChangeProposalEvent,
  type ChangeProposalId,
  changeProposalDecider as change,
  type OrganizationId,
  permissionOfRule,
  ruleChangedBy,
  type SigningPolicyId,
  streams,
  writersOfEvents,
} from '../../domain/index.ts'
import { event, given, itRefuses } from '../support/decider-spec.ts'
import { fixedUuid, people } from '../support/submission.ts'

const { anna, bert, cora } = people
const facts = {
  changeProposalId: fixedUuid<ChangeProposalId>('f'),
  organizationId: fixedUuid<OrganizationId>('3'),
  target: streams.signingPolicy(fixedUuid<SigningPolicyId>('5')),
  baseRevision: 0,
  events: [{ type: 'SigningPolicyReactivated', data: { schemaVersion: 1 } }],
  author: anna,
  permission: 'administerProjects',
  requiredApprovals: 2,
  expiresAt: '2026-03-08T12:00:00.000Z',
  reason: 'The project goes on',
} as const
const at = '2026-03-01T12:00:00.000Z'
const later = '2026-03-08T12:00:00.000Z'
const propose = { type: 'ProposeChange', ...facts } as const
const proposed = event<ChangeProposalEvent, 'ChangeProposed'>('ChangeProposed', facts)
const approvedBy = (approver: typeof anna) =>
  event<ChangeProposalEvent, 'ChangeApproved'>('ChangeApproved', { approver, comment: null })
const approve = (userId: typeof anna, more: object = {}) =>
  ({
    type: 'ApproveChange',
    approver: { userId, kind: 'interactive' },
    comment: null,
    samePersonAs: [],
    noLongerAllowed: [],
    at,
    ...more,
  }) as const
const reject = { type: 'RejectChange', rejectedBy: bert, comment: 'Not now', at } as const
const rejected = event<ChangeProposalEvent, 'ChangeRejected'>('ChangeRejected', {
  rejectedBy: bert,
  comment: 'Not now',
})
const applied = event<ChangeProposalEvent, 'ChangeApplied'>('ChangeApplied', { revision: 1 })
const lapsed = event<ChangeProposalEvent, 'ChangeLapsed'>('ChangeLapsed', { reason: 'baseMoved' })

describe('a change of a rule', () => {
  it('is proposed as what would happen', () => {
    given(change).when(propose).thenEvents(proposed)
  })

  it('is approved when as many others agreed as it takes, and applied then', () => {
    given(change, proposed).when(approve(bert)).thenEvents(approvedBy(bert))
    expect(given(change, proposed, approvedBy(bert)).state.status).toBe('proposed')
    const approved = given(change, proposed, approvedBy(bert), approvedBy(cora))
    expect(approved.state.status).toBe('approved')
    approved.when({ type: 'ApplyChange', revision: 1 }).thenEvents(applied)
  })

  it('takes back the approvals of those who may not approve any more', () => {
    const invalidated = event<ChangeProposalEvent, 'ChangeApprovalInvalidated'>('ChangeApprovalInvalidated', {
      approver: bert,
    })
    given(change, proposed, approvedBy(bert))
      .when(approve(cora, { noLongerAllowed: [bert] }))
      .thenEvents(invalidated, approvedBy(cora))
    expect(given(change, proposed, approvedBy(bert), invalidated, approvedBy(cora)).state).toMatchObject({
      status: 'proposed',
      approvals: [{ approver: cora }],
    })
  })

  it('is rejected by one, its author among them', () => {
    given(change, proposed).when(reject).thenEvents(rejected)
    given(change, proposed)
      .when({ ...reject, rejectedBy: anna })
      .thenEvents({ ...rejected, data: { ...rejected.data, rejectedBy: anna } })
    expect(given(change, proposed, rejected).state.status).toBe('rejected')
  })

  it('lapses when its time is over, or what it changes has changed', () => {
    given(change, proposed)
      .when({ type: 'LapseChange', reason: 'expired', at: later })
      .thenEvents({ ...lapsed, data: { schemaVersion: 1, reason: 'expired' } })
    given(change, proposed, approvedBy(bert), approvedBy(cora))
      .when({ type: 'LapseChange', reason: 'baseMoved', at })
      .thenEvents(lapsed)
  })

  it.each([rejected, lapsed])('stays over, whatever its stream says after it', (over) => {
    const state = given(change, proposed, over).state
    expect(given(change, proposed, over, approvedBy(bert), approvedBy(cora), applied).state).toEqual(state)
  })

  const open = [proposed, approvedBy(bert)]
  itRefuses(change, { source: 'change-proposal/decider.ts', before: 'export const changeProposalDecider' }, [
    ['CHANGE_PROPOSAL_EXISTS', 'twice the same', [proposed], propose],
    ['CHANGE_PROPOSAL_NOT_FOUND', 'none', [], approve(bert)],
    ['CHANGE_PROPOSAL_FINAL', 'an applied one', [...open, approvedBy(cora), applied], approve(people.stranger)],
    ['CHANGE_PROPOSAL_FINAL', 'a rejected one', [proposed, rejected], approve(bert)],
    ['CHANGE_PROPOSAL_FINAL', 'to reject one that has its approvals', [...open, approvedBy(cora)], reject],
    [
      'CHANGE_PROPOSAL_FINAL',
      'to let one lapse that has',
      [proposed, lapsed],
      { type: 'LapseChange', reason: 'baseMoved', at },
    ],
    ['CHANGE_PROPOSAL_EXPIRED', 'too late', [proposed], approve(bert, { at: later })],
    ['CHANGE_NOT_APPROVED', 'to apply it too soon', open, { type: 'ApplyChange', revision: 1 }],
    ['CHANGE_NOT_APPROVED', 'to let it expire too soon', open, { type: 'LapseChange', reason: 'expired', at }],
    ['CHANGE_APPROVED_BEFORE', 'twice by one', open, approve(bert)],
    ['CHANGE_APPROVER_IS_AUTHOR', 'by the author', [proposed], approve(anna)],
    ['CHANGE_APPROVER_IS_AUTHOR', 'by the person behind it', [proposed], approve(cora, { samePersonAs: [anna] })],
    ['CHANGE_APPROVED_BEFORE', 'by another account of one', open, approve(cora, { samePersonAs: [bert] })],
    [
      'CHANGE_APPROVER_NOT_A_PERSON',
      'by a CI user',
      [proposed],
      approve(bert, { approver: { userId: bert, kind: 'ci' } }),
    ],
    [
      'CHANGE_TOO_LARGE',
      'more than fits',
      [],
      { ...propose, events: [{ type: 'x', data: { text: 'x'.repeat(500_000) } }] },
    ],
    ['TEXT_TOO_LONG', 'a long reason', [], { ...propose, reason: 'x'.repeat(4001) }],
    ['TEXT_TOO_LONG', 'a long comment', [proposed], approve(bert, { comment: 'x'.repeat(4001) })],
    ['TEXT_MALFORMED', 'a comment with a NUL', [proposed], { ...reject, comment: '\0' }],
  ])
})

describe('the events that need the approval of others', () => {
  const actor: Actor = {
    kind: 'user',
    userId: anna,
    authentication: { method: 'apiToken', tokenId: fixedUuid<ApiTokenId>('b') },
  }
  const rule = (type: string, data: object = {}, streamId = streams.user(bert)) =>
    ruleChangedBy({ type, data }, { streamId, actor })

  it('are those that let something happen which could not before', () => {
    const dataOf: Readonly<Record<string, object>> = {
      GroupMembersChanged: { added: [bert] },
      GlobalRoleGranted: { role: 'globalReader' },
      GlobalRoleWithdrawn: { role: 'globalReader' },
    }
    const controlled = Object.keys(writersOfEvents).filter((type) => rule(type, dataOf[type]) !== undefined)
    expect(controlled.sort()).toEqual([
      'ApiTokenIssued',
      'ArtifactConfigurationChanged',
      'ArtifactConfigurationCreated',
      'ArtifactConfigurationReactivated',
      'BuildActorUnlinked',
      'CertificateEnabled',
      'CertificateRestrictionsChanged',
      'ChangeControlChanged',
      'DefaultArtifactConfigurationChanged',
      'GlobalRoleGranted',
      'GlobalRoleWithdrawn',
      'GroupMembersChanged',
      'ProjectReactivated',
      'ProjectRepositoryChanged',
      'SigningPolicyChanged',
      'SigningPolicyCreated',
      'SigningPolicyReactivated',
      'StatementKeyChanged',
      'TrustedBuildSystemChanged',
      'TrustedBuildSystemCreated',
      'TrustedBuildSystemEnabled',
      'TrustedBuildSystemLinkChanged',
      'TrustedBuildSystemLinked',
      'TrustedBuildSystemProxyKeyRegistered',
      'TrustedBuildSystemTokenIssued',
      'UserReactivated',
    ])
  })

  it('are never those that take something away', () => {
    for (const type of [
      'UserDeactivated',
      'ApiTokenRevoked',
      'SigningPolicyDeactivated',
      'ProjectDeactivated',
      'CertificateDisabled',
      'KeyDisabled',
      'TrustedBuildSystemDisabled',
      'TrustedBuildSystemUnlinked',
      'BuildActorLinked',
    ])
      expect(rule(type)).toBeUndefined()
    expect(rule('GroupMembersChanged', { added: [], removed: [bert] })).toBeUndefined()
  })

  it('are those of administrators where they concern administrators, or somebody else', () => {
    expect(rule('GlobalRoleGranted', { role: 'globalAdministrator' })).toBe('administrators')
    expect(rule('GlobalRoleGranted', { role: 'projectAdministrator' })).toBe('people')
    expect(rule('ApiTokenIssued')).toBe('administrators')
    // One's own token.
    expect(rule('ApiTokenIssued', {}, streams.user(anna))).toBeUndefined()
    expect(permissionOfRule.administrators).toBe('administerAdministrators')
  })
})
