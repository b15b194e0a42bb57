import fc from 'fast-check'
import { expect } from 'vitest'
import {
  type ApprovalProcess,
  signingRequestDecider as decider,
  type GroupId,
  type PrincipalReference,
  Refusal,
  referenceKey,
  type Sha256Digest,
  type SigningRequestCommand,
  type SigningRequestEvent,
  type SigningRequestState,
  type UserId,
} from '../../domain/index.ts'
import { aManifest, anArtifact, aPlan, aSubmission, fixedUuid, people } from './submission.ts'

/** Everybody who may be named. */
export const everyone: readonly UserId[] = Object.values(people)
/** The digests of two plans. */
export const digests = ['cd', 'ef'].map((pair) => pair.repeat(32) as Sha256Digest)
/** The moment of everything that has one. */
export const at = '2026-03-01T12:00:00.000Z'
const minuteLater = '2026-03-01T12:01:00.000Z'

/** One of the people. */
export const anyone = fc.constantFrom(...everyone)

/** Two groups that have members in common, so that people are approvers through several references. */
const groups = { first: fixedUuid<GroupId>('d'), second: fixedUuid<GroupId>('e') } as const
/** A person or a group, as policies name them. */
export const anyReference: fc.Arbitrary<PrincipalReference> = fc.oneof(
  anyone.map((user) => ({ user })),
  fc.constantFrom(...Object.values(groups)).map((group) => ({ group })),
)
/** The groups that somebody is in when a command is made: another command may find others. */
const anyMemberships = fc.subarray(Object.values(groups))
/** A plan by its digest: mostly the right one, or few histories would come far. */
export const anyDigest = fc.oneof(
  { weight: 5, arbitrary: fc.constant(digests[0] as Sha256Digest) },
  { weight: 1, arbitrary: fc.constantFrom(...digests) },
)

/** How a policy has requests approved, if at all. */
export const anyApproval: fc.Arbitrary<ApprovalProcess | null> = fc.option(
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

/** Checks that something holds of many stories. */
export const holds = (
  check: (story: { approval: ApprovalProcess | null; steps: Step[]; log: SigningRequestEvent[] }) => void,
) => fc.assert(fc.property(anyStory, check), { numRuns: 1500 })

/** The states between the events, the first before any. */
export function states(log: readonly SigningRequestEvent[]): SigningRequestState[] {
  const all = [decider.initialState()]
  for (const event of log) all.push(decider.evolve(all.at(-1) ?? decider.initialState(), event))
  return all
}

/** Whether a policy names somebody. */
export const isNamed = (approval: ApprovalProcess | null, reference: PrincipalReference) =>
  (approval?.approvers ?? []).some((each) => referenceKey(each) === referenceKey(reference))

/** The events of one type. */
export const ofType = <Type extends SigningRequestEvent['type']>(log: readonly SigningRequestEvent[], type: Type) =>
  log.filter((event): event is Extract<SigningRequestEvent, { type: Type }> => event.type === type)
