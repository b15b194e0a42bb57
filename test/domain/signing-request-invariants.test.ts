import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ApprovalProcess,
  countedApprovals,
  signingRequestDecider as decider,
  fold,
  type GroupId,
  isFinalStatus,
  type PrincipalReference,
  quorumReached,
  Refusal,
  referenceKey,
  type Sha256Digest,
  type SigningRequestCommand,
  type SigningRequestEvent,
  type SigningRequestState,
  type UserId,
} from '../../domain/index.ts'
import { event } from '../support/decider-spec.ts'
import { aManifest, anArtifact, aPlan, aSubmission, fixedUuid, people } from '../support/submission.ts'

const everyone: readonly UserId[] = Object.values(people)
const digests = ['cd', 'ef'].map((pair) => pair.repeat(32) as Sha256Digest)
const at = '2026-03-01T12:00:00.000Z'
const minuteLater = '2026-03-01T12:01:00.000Z'

const anyone = fc.constantFrom(...everyone)

/** Two groups that have members in common, so that people are approvers through several references. */
const groups = { first: fixedUuid<GroupId>('d'), second: fixedUuid<GroupId>('e') } as const
const anyReference: fc.Arbitrary<PrincipalReference> = fc.oneof(
  anyone.map((user) => ({ user })),
  fc.constantFrom(...Object.values(groups)).map((group) => ({ group })),
)
/** The groups that somebody is in when a command is made: another command may find others. */
const anyMemberships = fc.subarray(Object.values(groups))
// Mostly the right one, or few histories would come far.
const anyDigest = fc.oneof(
  { weight: 5, arbitrary: fc.constant(digests[0] as Sha256Digest) },
  { weight: 1, arbitrary: fc.constantFrom(...digests) },
)

const anyApproval: fc.Arbitrary<ApprovalProcess | null> = fc.option(
  fc
    .record({
      approvers: fc.uniqueArray(anyReference, { minLength: 1, selector: referenceKey }),
      submitterMayApprove: fc.boolean(),
      required: fc.nat(),
      deadlineSeconds: fc.option(fc.constant(60)),
    })
    .map(({ approvers, submitterMayApprove, required, deadlineSeconds }) => ({
      approvers,
      submitterMayApprove,
      requiredApprovals: 1 + (required % 3),
      deadlineSeconds,
    })),
  { freq: 6 },
)

function anyCommand(approval: ApprovalProcess | null): fc.Arbitrary<SigningRequestCommand> {
  const submission = aSubmission({ approval })
  const { sha256 } = anArtifact
  const manifest = aManifest({ unsignedSha256: sha256, signedSha256: sha256, signedSize: 1 })
  const signedArtifact = { fileName: 'setup.exe', sha256, size: 1 }
  const weighted = (weight: number, arbitrary: fc.Arbitrary<SigningRequestCommand>) => ({ weight, arbitrary })
  return fc.oneof(
    weighted(2, fc.constant({ type: 'SubmitSigningRequest', submission })),
    weighted(
      4,
      fc
        .constantFrom(sha256, digests[1] as Sha256Digest)
        .map((digest) => ({ type: 'RecordRetrieval', artifact: { ...anArtifact, sha256: digest } })),
    ),
    weighted(
      4,
      anyDigest.map((planDigest) => ({ type: 'RecordPlan', planDigest, ...aPlan, at })),
    ),
    weighted(
      12,
      fc.record({
        type: fc.constant('Approve'),
        approver: anyone,
        groups: anyMemberships,
        planDigest: anyDigest,
        comment: fc.constant(null),
      }),
    ),
    weighted(
      1,
      fc.record({ type: fc.constant('Deny'), approver: anyone, groups: anyMemberships, comment: fc.constant(null) }),
    ),
    weighted(
      2,
      fc.record({
        type: fc.constant('InvalidateApproval'),
        approver: anyone,
        reason: fc.constantFrom('userDeactivated', 'removedFromGroup'),
      }),
    ),
    weighted(
      1,
      fc.constantFrom(at, minuteLater).map((deadline) => ({ type: 'ExpireApproval', deadline })),
    ),
    weighted(1, fc.constant({ type: 'Cancel', canceledBy: people.submitter, reason: null })),
    weighted(
      6,
      fc.record({
        type: fc.constant('StartSigning'),
        planDigest: anyDigest,
        certificateId: fc.constantFrom(submission.certificateId, submission.certificateId, fixedUuid('8')),
        certificateThumbprint: fc.constant('12'.repeat(32)),
        keyId: fc.constant(fixedUuid('7')),
      }) as fc.Arbitrary<SigningRequestCommand>,
    ),
    weighted(
      6,
      fc.integer({ min: 1, max: 3 }).map((attempt) => ({ type: 'RecordSigned', attempt, ...manifest, signedArtifact })),
    ),
    weighted(
      1,
      fc.constant({
        type: 'Fail',
        workflowStatus: 'ProcessingFailed',
        failure: { code: 'X', message: 'x', path: null },
      }),
    ),
  )
}

type Step = { readonly command: SigningRequestCommand; readonly events: readonly SigningRequestEvent[] }

/** Does what it is told, one command after the other; what is refused changes nothing. */
function run(commands: readonly SigningRequestCommand[]): { steps: Step[]; log: SigningRequestEvent[] } {
  const steps: Step[] = []
  const log: SigningRequestEvent[] = []
  let state = decider.initialState()
  for (const command of commands) {
    const before = JSON.stringify(state)
    let events: readonly SigningRequestEvent[] = []
    try {
      events = decider.decide(command, state)
      expect(events.length).toBeGreaterThan(0)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
    expect(JSON.stringify(state)).toBe(before)
    for (const event of events) state = decider.evolve(state, event)
    log.push(...events)
    steps.push({ command, events })
  }
  return { steps, log }
}

/** Most stories begin in good order, so that they come to where it matters. */
function opening(approval: ApprovalProcess | null): fc.Arbitrary<readonly SigningRequestCommand[]> {
  const submission = aSubmission({ approval })
  const inOrder: readonly SigningRequestCommand[] = [
    { type: 'SubmitSigningRequest', submission },
    { type: 'RecordRetrieval', artifact: anArtifact },
    { type: 'RecordPlan', planDigest: digests[0] as Sha256Digest, ...aPlan, at },
  ]
  return fc.constantFrom(inOrder, inOrder, inOrder, inOrder.slice(0, 2), [])
}

const anyStory = anyApproval.chain((approval) =>
  fc
    .tuple(opening(approval), fc.array(anyCommand(approval), { minLength: 5, maxLength: 40 }))
    .map(([first, then]) => ({ approval, ...run([...first, ...then]) })),
)

const holds = (
  check: (story: { approval: ApprovalProcess | null; steps: Step[]; log: SigningRequestEvent[] }) => void,
) => fc.assert(fc.property(anyStory, check), { numRuns: 1500 })

/** The states between the events, the first before any. */
function states(log: readonly SigningRequestEvent[]): SigningRequestState[] {
  const all = [decider.initialState()]
  for (const event of log) all.push(decider.evolve(all.at(-1) ?? decider.initialState(), event))
  return all
}

const isNamed = (approval: ApprovalProcess | null, reference: PrincipalReference) =>
  (approval?.approvers ?? []).some((each) => referenceKey(each) === referenceKey(reference))

const ofType = <Type extends SigningRequestEvent['type']>(log: readonly SigningRequestEvent[], type: Type) =>
  log.filter((event): event is Extract<SigningRequestEvent, { type: Type }> => event.type === type)

describe('whatever is asked of a signing request, in whatever order', () => {
  it('the stories reach every kind of end, or the tests below would prove nothing', () => {
    const ends = new Set<string>()
    const counted = { quorums: 0 }
    holds(({ approval, log }) => {
      ends.add(fold(decider, log).workflowStatus)
      if (approval !== null && ofType(log, 'SigningStarted').length > 0) counted.quorums += 1
    })
    expect([...ends]).toEqual(
      expect.arrayContaining(['Completed', 'Denied', 'Canceled', 'ProcessingFailed', 'WaitingForApproval']),
    )
    expect(counted.quorums).toBeGreaterThan(20)
  })

  it('nothing happens after an end, and a request is completed at most once', () => {
    holds(({ log }) => {
      const all = states(log)
      const end = all.findIndex((state) => state.workflowStatus !== 'none' && isFinalStatus(state.workflowStatus))
      if (end >= 0) expect(end).toBe(log.length)
      expect(ofType(log, 'SigningRequestCompleted').length).toBeLessThanOrEqual(1)
    })
  })

  it('signing begins only with enough distinct approvers of the plan, none of them the submitter or a stranger', () => {
    holds(({ approval, log }) => {
      log.forEach((event, index) => {
        if (event.type !== 'SigningStarted' || approval === null) return
        const before = log.slice(0, index)
        const taken = (approver: UserId) =>
          before.findLast(
            (each) =>
              (each.type === 'ApprovalGranted' || each.type === 'ApprovalInvalidated') &&
              each.data.approver === approver,
          )
        const counted = everyone.filter((approver) => {
          const last = taken(approver)
          return (
            last?.type === 'ApprovalGranted' &&
            last.data.planDigest === event.data.planDigest &&
            last.data.through.some(
              (each) => isNamed(approval, each) && (!('user' in each) || each.user === approver),
            ) &&
            (approver !== people.submitter || approval.submitterMayApprove)
          )
        })
        expect(counted.length).toBeGreaterThanOrEqual(approval.requiredApprovals)
        expect(ofType(before, 'SigningPlanned').map(({ data }) => data.planDigest)).toEqual([event.data.planDigest])
      })
    })
  })

  it('no approval is recorded of who may not give it, for another plan, or twice by one person', () => {
    holds(({ approval, log }) => {
      const standing = new Set<UserId>()
      const planned = ofType(log, 'SigningPlanned')[0]?.data.planDigest
      for (const event of log) {
        if (event.type === 'ApprovalInvalidated') standing.delete(event.data.approver)
        if (event.type !== 'ApprovalGranted') continue
        const { approver, planDigest } = event.data
        expect(standing.has(approver)).toBe(false)
        standing.add(approver)
        expect(event.data.through.length).toBeGreaterThan(0)
        for (const reference of event.data.through) {
          expect(isNamed(approval, reference)).toBe(true)
          if ('user' in reference) expect(reference.user).toBe(approver)
        }
        expect(planDigest).toBe(planned)
        if (approver === people.submitter) expect(approval?.submitterMayApprove).toBe(true)
      }
    })
  })

  it('an approval or denial is recorded through all approvers of the policy that name the person then, and no other', () => {
    let throughGroups = 0
    holds(({ approval, steps }) => {
      for (const { command, events } of steps) {
        if (command.type !== 'Approve' && command.type !== 'Deny') continue
        const named = (approval?.approvers ?? []).filter((each) =>
          'user' in each ? each.user === command.approver : command.groups.includes(each.group),
        )
        for (const event of events) {
          expect(event.data).toMatchObject({ approver: command.approver, through: named })
          if (named.every((each) => 'group' in each)) throughGroups += 1
        }
      }
    })
    expect(throughGroups).toBeGreaterThan(100)
  })

  it('attempts are counted without gaps, and only the last one completes', () => {
    holds(({ log }) => {
      const attempts = ofType(log, 'SigningStarted').map(({ data }) => data.attempt)
      expect(attempts).toEqual(attempts.map((_, index) => index + 1))
      for (const { data } of ofType(log, 'SigningRequestCompleted')) expect(data.attempt).toBe(attempts.length)
      const signed = ofType(log, 'FilesSigned')
      for (const { data } of signed) expect(data.attempt).toBe(attempts.length)
      expect(signed.length).toBe(ofType(log, 'SigningRequestCompleted').length)
    })
  })

  it('the log alone gives the state again, however it is cut and taken up', () => {
    holds(({ log }) => {
      const whole = fold(decider, log)
      expect(fold(decider, structuredClone(log))).toEqual(whole)
      expect(fold(decider, JSON.parse(JSON.stringify(log)))).toEqual(whole)
      const cut = Math.floor(log.length / 2)
      expect(fold(decider, log.slice(cut), fold(decider, log.slice(0, cut)))).toEqual(whole)
    })
  })

  it('a command that is told again, because its answer was lost, does not do its work twice', () => {
    holds(({ steps }) => {
      const done: SigningRequestEvent[] = []
      for (const { command, events } of steps) {
        done.push(...events)
        // A new attempt is what a signer asks for after a crash, so this one may be repeated.
        if (events.length === 0 || command.type === 'StartSigning') continue
        expect(() => decider.decide(command, fold(decider, done))).toThrow(Refusal)
      }
    })
  })
})

/** Every event that a request's stream can hold, whether a decider would let it happen or not. */
const happenings: fc.Arbitrary<SigningRequestEvent> = fc.oneof(
  anyApproval.map((approval) =>
    event<SigningRequestEvent, 'SigningRequestSubmitted'>('SigningRequestSubmitted', aSubmission({ approval })),
  ),
  fc.constant(
    event<SigningRequestEvent, 'ArtifactRetrieved'>('ArtifactRetrieved', {
      fileName: 'setup.exe',
      sha256: digests[0] as Sha256Digest,
      size: 1,
    }),
  ),
  anyDigest.map((planDigest) =>
    event<SigningRequestEvent, 'SigningPlanned'>('SigningPlanned', {
      planDigest,
      ...aPlan,
      approvalDeadline: null,
    }),
  ),
  fc
    .record({
      approver: anyone,
      through: fc.array(anyReference, { maxLength: 3 }),
      planDigest: anyDigest,
      comment: fc.constant(null),
    })
    .map((facts) => event<SigningRequestEvent, 'ApprovalGranted'>('ApprovalGranted', facts)),
  anyone.map((approver) =>
    event<SigningRequestEvent, 'ApprovalInvalidated'>('ApprovalInvalidated', { approver, reason: 'userDeactivated' }),
  ),
  anyone.map((approver) =>
    event<SigningRequestEvent, 'ApprovalDenied'>('ApprovalDenied', {
      approver,
      through: [{ user: approver }],
      comment: null,
    }),
  ),
  fc.constant(event<SigningRequestEvent, 'ApprovalExpired'>('ApprovalExpired', { deadline: at })),
  anyone.map((canceledBy) =>
    event<SigningRequestEvent, 'SigningRequestCanceled'>('SigningRequestCanceled', { canceledBy, reason: null }),
  ),
  fc.nat(3).map((attempt) =>
    event<SigningRequestEvent, 'SigningStarted'>('SigningStarted', {
      attempt,
      planDigest: digests[0] as Sha256Digest,
      certificateId: fixedUuid('6'),
      certificateThumbprint: '12'.repeat(32),
      keyId: fixedUuid('7'),
    }),
  ),
  fc.nat(3).map((attempt) =>
    event<SigningRequestEvent, 'FilesSigned'>('FilesSigned', {
      attempt,
      ...aManifest({
        unsignedSha256: digests[0] as Sha256Digest,
        signedSha256: digests[1] as Sha256Digest,
        signedSize: 1,
      }),
    }),
  ),
  fc.nat(3).map((attempt) =>
    event<SigningRequestEvent, 'SigningRequestCompleted'>('SigningRequestCompleted', {
      attempt,
      signedArtifact: anArtifact,
    }),
  ),
  fc.tuple(fc.constantFrom('KEY_NOT_FOUND', 'SIGNER_UNAVAILABLE'), fc.boolean()).map(([code, isPlanned]) =>
    event<SigningRequestEvent, 'SigningRequestDelayed'>('SigningRequestDelayed', {
      failure: { code, message: 'x', path: null },
      since: at,
      nextTryAt: isPlanned ? at : null,
      pauseSeconds: 4,
    }),
  ),
  fc.constantFrom('ArtifactRetrievalFailed' as const, 'ProcessingFailed' as const).map((workflowStatus) =>
    event<SigningRequestEvent, 'SigningRequestFailed'>('SigningRequestFailed', {
      workflowStatus,
      failure: { code: 'X', message: 'x', path: null },
    }),
  ),
)

describe('whatever stands in the stream of a signing request, in whatever order', () => {
  it('no sequence of events reopens a request that is over, or changes how it ended', () => {
    const ends = new Set<string>()
    fc.assert(
      fc.property(fc.array(happenings, { minLength: 5, maxLength: 40 }), (events) => {
        const all = states(events)
        const end = all.find((state) => state.workflowStatus !== 'none' && isFinalStatus(state.workflowStatus))
        if (end === undefined) return
        ends.add(end.workflowStatus)
        expect(all.at(-1)).toEqual(end)
      }),
      { numRuns: 1500 },
    )
    expect([...ends].toSorted()).toEqual([
      'ArtifactRetrievalFailed',
      'Canceled',
      'Completed',
      'Denied',
      'ProcessingFailed',
    ])
  })

  it('nothing is approved without a person: neither an empty group nor a quorum of nobody counts as agreed', () => {
    const anyQuorum = anyApproval.map((approval) => approval && { ...approval, requiredApprovals: 0 })
    fc.assert(
      fc.property(anyQuorum, fc.array(happenings, { maxLength: 20 }), (approval, events) => {
        const submitted = event<SigningRequestEvent, 'SigningRequestSubmitted'>(
          'SigningRequestSubmitted',
          aSubmission({ approval }),
        )
        for (const state of states([submitted, ...events])) {
          if (state.workflowStatus === 'none' || state.plan === null || approval === null) continue
          const agreed = countedApprovals(state).map(({ approver }) => approver)
          expect(quorumReached(state)).toBe(agreed.length > 0)
          expect(new Set(agreed).size).toBe(agreed.length)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('a request is submitted once: no later event changes what was asked for', () => {
    fc.assert(
      fc.property(fc.array(happenings, { minLength: 5, maxLength: 40 }), (events) => {
        const [first] = ofType(events, 'SigningRequestSubmitted')
        const state = fold(decider, events)
        if (state.workflowStatus === 'none') expect(first).toBeUndefined()
        else expect(state.approval).toEqual(first?.data.approval)
      }),
      { numRuns: 500 },
    )
  })
})
