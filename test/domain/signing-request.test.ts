import { describe, expect, it } from 'vitest'
import {
  fold,
  type GroupId,
  type PrincipalReference,
  passedCheck,
  signingRequestDecider as request,
  type SigningRequestCommand,
  type SigningRequestEvent,
  type TrustedBuildSystemId,
} from '../../domain/index.ts'
import { given, itRefuses } from '../support/decider-spec.ts'
import { malformedCases } from '../support/malformed-requests.ts'
import { demandedOrigin } from '../support/origins.ts'
import {
  approve,
  approved,
  at,
  cancel,
  canceled,
  completed,
  denied,
  deny,
  event,
  expired,
  fail,
  failed,
  failure,
  filesSigned,
  granted,
  invalidated,
  manifest,
  otherDigest,
  plan,
  planDigest,
  planned,
  plannedUntil,
  policy,
  provenanceSigned,
  record,
  recordResubmission,
  retrieve,
  retrieved,
  signedArtifact,
  signing,
  start,
  started,
  submit,
  submitted,
  submittedUnder,
  waiting,
} from '../support/signing-request-history.ts'
import { anArtifact, anOrigin, aSubmission, fixedUuid, people, references } from '../support/submission.ts'

const { submitter, anna, bert, cora, stranger } = people
const { size } = anArtifact
const unverified = event('SigningRequestSubmitted', aSubmission({ originVerification: demandedOrigin }))

/** Its origin is verified, and it is a package that must carry what is known of its build. */
const fromAppVeyor = [
  event(
    'SigningRequestSubmitted',
    aSubmission({ originVerification: { repositoryUrl: anOrigin.repository.url, allowedBranches: ['**'] } }),
  ),
  event('ArtifactRetrieved', { ...anArtifact, fileName: 'Library.1.0.3.nupkg' }),
  event('OriginVerified', {
    ...{ trustedBuildSystemId: fixedUuid<TrustedBuildSystemId>('d'), kind: 'appVeyor', proof: 'api' },
    ...{ origin: anOrigin, checks: [passedCheck('build', {})], evidence: [] },
  }),
]

const statusAfter = (events: readonly SigningRequestEvent[]) => fold(request, events).workflowStatus

describe('signing request', () => {
  it('goes from submission through retrieval and planning to waiting for approval', () => {
    given(request).when(submit).thenEvents(submitted)
    given(request, submitted).when(retrieve).thenEvents(retrieved)
    given(request, submitted, retrieved).when(plan).thenEvents(planned)
    expect([[submitted], [submitted, retrieved], waiting].map(statusAfter)).toEqual([
      'Submitted',
      'QueuedForProcessing',
      'WaitingForApproval',
    ])
  })

  it('waits until the quorum of the policy version at submission is reached', () => {
    given(request, ...waiting)
      .when(approve(anna))
      .thenEvents(granted(anna))
    expect(statusAfter([...waiting, granted(anna)])).toBe('WaitingForApproval')
    given(request, ...waiting, granted(anna))
      .when(approve(bert))
      .thenEvents(granted(bert))
    expect(statusAfter(approved)).toBe('QueuedForProcessing')
  })

  it('waits for nobody when the policy asks for no approval', () => {
    const history = [submittedUnder(null), retrieved, planned]
    expect(statusAfter(history)).toBe('QueuedForProcessing')
    given(request, ...history)
      .when(start)
      .thenEvents(started(1))
  })

  it('says why it failed or waits in an event that stays small, whatever stood in the file', () => {
    const long = {
      code: 'FILE_ALREADY_SIGNED',
      message: `${'x'.repeat(3_998)}\u{1f600}y`,
      path: Array(40).fill('n'.repeat(70_000)),
    }
    const [cut] = request.decide(
      { type: 'Fail', workflowStatus: 'ProcessingFailed', failure: long },
      fold(request, waiting),
    )
    const [delay] = request.decide(
      { type: 'RecordDelay', failure: long, at, nextTryAt: null, pauseSeconds: 1 },
      fold(request, waiting),
    )
    const message = `${'x'.repeat(3_998)}\ufffd\u2026`
    const path = Array(32).fill(`${'n'.repeat(1_023)}\u2026`)
    for (const each of [cut, delay])
      expect(each?.data).toMatchObject({ failure: { code: 'FILE_ALREADY_SIGNED', message, path } })
  })

  it('is signed, each attempt counted, and completed by the attempt at work', () => {
    given(request, ...approved)
      .when(start)
      .thenEvents(started(1))
    given(request, ...signing)
      .when(start)
      .thenEvents(started(2))
    given(request, ...signing)
      .when(record(1))
      .thenEvents(filesSigned(1), completed(1))
    given(request, ...signing, started(2))
      .when(record(2))
      .thenEvents(filesSigned(2), completed(2))
    expect(fold(request, [...signing, started(2), filesSigned(2), completed(2)])).toMatchObject({
      workflowStatus: 'Completed',
      attempts: 2,
      signedArtifact,
      manifest: { digest: manifest.manifestDigest, fileCount: 1, files: manifest.files },
    })
  })

  it('forgets files of an attempt that did not complete', () => {
    expect(fold(request, [...signing, filesSigned(1), provenanceSigned(1), started(2)])).toMatchObject({
      manifest: null,
      provenance: null,
    })
  })

  it('ends at one denial, whatever approvals there are', () => {
    given(request, ...waiting, granted(bert))
      .when(deny(anna))
      .thenEvents(denied)
    expect(fold(request, [...waiting, granted(bert), denied])).toMatchObject({
      workflowStatus: 'Denied',
      denial: { kind: 'denied', approver: anna, comment: 'not today' },
    })
  })

  it('sets the deadline at planning and ends when it passes', () => {
    const history = [submittedUnder({ ...policy, deadlineSeconds: 3600 }), retrieved]
    const approvalDeadline = '2026-03-01T13:00:00.000Z'
    given(request, ...history)
      .when(plan)
      .thenEvents(plannedUntil(approvalDeadline))
    const waitingForAnHour = [...history, plannedUntil(approvalDeadline)]
    const over = event('ApprovalExpired', { deadline: approvalDeadline })
    given(request, ...waitingForAnHour)
      .when({ type: 'ExpireApproval', deadline: approvalDeadline })
      .thenEvents(over)
    expect(fold(request, [...waitingForAnHour, over])).toMatchObject({
      workflowStatus: 'Denied',
      denial: { kind: 'expired' },
    })
  })

  it('takes back the approval of a deactivated user, and waits again', () => {
    given(request, ...approved)
      .when({ type: 'InvalidateApproval', approver: anna, reason: 'userDeactivated' })
      .thenEvents(invalidated(anna))
    expect(statusAfter([...approved, invalidated(anna)])).toBe('WaitingForApproval')
    given(request, ...approved, invalidated(anna))
      .when(approve(cora))
      .thenEvents(granted(cora))
    given(request, ...approved, invalidated(anna))
      .when(start)
      .thenRefused('QUORUM_NOT_REACHED')
  })

  it('says through which groups somebody approved or denied, and lets nobody do so who is in none', () => {
    const [group, other] = [fixedUuid<GroupId>('d'), fixedUuid<GroupId>('e')]
    const approvers = [...references(anna), { group }, { group: other }]
    const history = [submittedUnder({ ...policy, approvers }), retrieved, planned]
    const as = (command: SigningRequestCommand, ...groups: GroupId[]) => ({ ...command, groups }) as typeof command
    given(request, ...history)
      .when(as(approve(anna), other))
      .thenEvents({ ...granted(anna), data: { ...granted(anna).data, through: [{ user: anna }, { group: other }] } })
    given(request, ...history)
      .when(as(deny(bert), group))
      .thenEvents({ ...denied, data: { ...denied.data, approver: bert, through: [{ group }] } })
    for (const command of [approve(bert), deny(bert)])
      given(request, ...history)
        .when(as(command, fixedUuid('f')))
        .thenRefused('NOT_AN_APPROVER')
  })

  it('counts a person once, through however many groups they approve', () => {
    const [group, other] = [fixedUuid<GroupId>('d'), fixedUuid<GroupId>('e')]
    const approvers = [{ group }, { group: other }]
    const through = (reference: PrincipalReference) => ({
      ...granted(anna),
      data: { ...granted(anna).data, through: [reference] },
    })
    const history = [submittedUnder({ ...policy, approvers }), retrieved, planned]
    // The second could not be decided; whatever stands in the log, it is the same person.
    expect(statusAfter([...history, through({ group }), through({ group: other })])).toBe('WaitingForApproval')
    given(request, ...history, through({ group }))
      .when({ type: 'Approve', approver: anna, groups: [other], planDigest, comment: null })
      .thenRefused('ALREADY_APPROVED')
  })

  it('does not count an approval through what the policy does not name, or in the name of another user', () => {
    const history = [submitted, retrieved, planned, granted(bert)]
    for (const reference of [{ group: fixedUuid<GroupId>('d') }, { user: cora }, { user: stranger }])
      expect(
        statusAfter([...history, { ...granted(anna), data: { ...granted(anna).data, through: [reference] } }]),
      ).toBe('WaitingForApproval')
    expect(statusAfter([...history, granted(anna)])).toBe('QueuedForProcessing')
  })

  it('lets the submitter approve only where the policy says so', () => {
    const approvers = references(submitter, anna)
    const may = [submittedUnder({ ...policy, approvers, submitterMayApprove: true }), retrieved, planned]
    const mayNot = [submittedUnder({ ...policy, approvers }), retrieved, planned]
    given(request, ...may)
      .when(approve(submitter))
      .thenEvents(granted(submitter))
    given(request, ...mayNot)
      .when(approve(submitter))
      .thenRefused('SUBMITTER_MAY_NOT_APPROVE')
    given(request, ...mayNot)
      .when(deny(submitter))
      .thenEvents({ ...denied, data: { ...denied.data, approver: submitter, through: references(submitter) } })
  })

  it('can be canceled while it is not over', () => {
    for (const history of [[submitted], [submitted, retrieved], waiting, approved, signing])
      given(request, ...history)
        .when(cancel)
        .thenEvents(canceled)
  })

  it('can fail while it is not over, and says why', () => {
    for (const history of [[submitted], waiting, approved, signing]) {
      given(request, ...history)
        .when(fail)
        .thenEvents(failed)
      expect(fold(request, [...history, failed])).toMatchObject({ workflowStatus: 'ProcessingFailed', failure })
    }
  })

  itRefuses(request, { source: 'signing-request/decide.ts', before: 'export function decide' }, [
    ['SIGNING_REQUEST_EXISTS', 'a second submission', [submitted], submit],
    ['SIGNING_REQUEST_NOT_FOUND', 'an approval before submission', [], approve(anna)],
    ...[approve(cora), deny(cora), cancel, start, record(1), fail, retrieve, plan].flatMap((command) =>
      [
        [...waiting, denied],
        [...waiting, expired],
        [...waiting, canceled],
        [...waiting, failed],
        [...signing, filesSigned(1), completed(1)],
      ].map(
        (history) =>
          ['SIGNING_REQUEST_FINAL', `${command.type} after ${statusAfter(history)}`, history, command] as const,
      ),
    ),
    ['EARLIER_REQUEST_NOT_USABLE', 'a resubmission before the end', signing, recordResubmission],
    ['SIGNING_REQUEST_STATE', 'a second retrieval', [submitted, retrieved], retrieve],
    ['SIGNING_REQUEST_STATE', 'a plan before retrieval', [submitted], plan],
    ['SIGNING_REQUEST_STATE', 'a second plan', waiting, { ...plan, planDigest: otherDigest }],
    [
      'SIGNING_REQUEST_STATE',
      'taking back what was not given',
      waiting,
      { type: 'InvalidateApproval', approver: anna, reason: 'userDeactivated' },
    ],
    [
      'SIGNING_REQUEST_STATE',
      'taking back after signing has begun',
      signing,
      { type: 'InvalidateApproval', approver: anna, reason: 'userDeactivated' },
    ],
    [
      'SIGNING_REQUEST_STATE',
      'fewer files than planned',
      signing,
      { ...record(1), fileCount: 0 } as SigningRequestCommand,
    ],
    ['NOT_WAITING_FOR_APPROVAL', 'an approval before planning', [submitted, retrieved], approve(anna)],
    ['NOT_WAITING_FOR_APPROVAL', 'an approval after the quorum', approved, approve(cora)],
    ['NOT_WAITING_FOR_APPROVAL', 'a denial after the quorum', approved, deny(cora)],
    ['NOT_WAITING_FOR_APPROVAL', 'a deadline after the quorum', approved, { type: 'ExpireApproval', deadline: at }],
    [
      'NOT_WAITING_FOR_APPROVAL',
      'an approval that nobody asked for',
      [submittedUnder(null), retrieved, planned],
      approve(anna),
    ],
    ['NOT_AN_APPROVER', 'an approval of a stranger', waiting, approve(stranger)],
    ['NOT_AN_APPROVER', 'a denial of a stranger', waiting, deny(stranger)],
    ['NOT_AN_APPROVER', 'a denial of the submitter', waiting, deny(submitter)],
    ['SUBMITTER_MAY_NOT_APPROVE', "the submitter's own approval", waiting, approve(submitter)],
    ['ALREADY_APPROVED', 'a second approval of one person', [...waiting, granted(anna)], approve(anna)],
    ['PLAN_DIGEST_MISMATCH', 'an approval of another plan', waiting, approve(anna, otherDigest)],
    [
      'PLAN_DIGEST_MISMATCH',
      'signing another plan',
      approved,
      { ...start, planDigest: otherDigest } as SigningRequestCommand,
    ],
    ['PLAN_DIGEST_MISMATCH', 'signing without a plan', [submitted, retrieved], start],
    ['QUORUM_NOT_REACHED', 'signing with one of two approvals', [...waiting, granted(anna)], start],
    [
      'QUORUM_NOT_REACHED',
      'signing with approvals in the log that do not count',
      [...waiting, granted(anna), granted(anna), granted(stranger), granted(submitter), granted(bert, otherDigest)],
      start,
    ],
    [
      'CERTIFICATE_MISMATCH',
      'signing with another certificate',
      approved,
      { ...start, certificateId: fixedUuid('8') } as SigningRequestCommand,
    ],
    ['ATTEMPT_SUPERSEDED', 'the end of an attempt that another followed', [...signing, started(2)], record(1)],
    ['ATTEMPT_SUPERSEDED', 'the end of an attempt that never began', approved, record(1)],
    [
      'ARTIFACT_MISMATCH',
      'bytes of another digest',
      [submitted],
      { type: 'RecordRetrieval', artifact: { ...anArtifact, sha256: otherDigest } },
    ],
    [
      'ARTIFACT_MISMATCH',
      'bytes of another size',
      [submitted],
      { type: 'RecordRetrieval', artifact: { ...anArtifact, size: size + 1 } },
    ],
    [
      'ARTIFACT_MISMATCH',
      'another file name',
      [submitted],
      { type: 'RecordRetrieval', artifact: { ...anArtifact, fileName: 'other.exe' } },
    ],
    ['ORIGIN_NOT_VERIFIED', 'a plan before an origin that is demanded', [unverified, retrieved], plan],
    ['BUILD_DATA_NOT_ADDED', 'a plan of a package before the data of its build', fromAppVeyor, plan],
    ...[0, -1, 0.5, Number.NaN].map(
      (fileCount) =>
        [
          'PLAN_EMPTY',
          `${fileCount} files`,
          [submitted, retrieved],
          { ...plan, fileCount } as SigningRequestCommand,
        ] as const,
    ),
    ['APPROVAL_DEADLINE_MISMATCH', 'a deadline where there is none', waiting, { type: 'ExpireApproval', deadline: at }],
    ...['2026-03-01T11:59:59.999Z', '2026-03-01T12:00:00.001Z', ''].map(
      (deadline) =>
        [
          'APPROVAL_DEADLINE_MISMATCH',
          `${deadline} in place of ${at}`,
          [submitted, retrieved, plannedUntil(at)],
          { type: 'ExpireApproval', deadline },
        ] as const,
    ),
    ...malformedCases,
  ])
})
