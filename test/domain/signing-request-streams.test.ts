import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  countedApprovals,
  signingRequestDecider as decider,
  fold,
  type GrantId,
  isFinalStatus,
  quorumReached,
  type Sha256Digest,
  type SigningRequestEvent,
  type TrustedBuildSystemId,
} from '../../domain/index.ts'
import { event } from '../support/decider-spec.ts'
import {
  anyApproval,
  anyDigest,
  anyone,
  anyReference,
  at,
  digests,
  ofType,
  states,
} from '../support/signing-request-stories.ts'
import { aManifest, anArtifact, anOrigin, aPlan, aSubmission, fixedUuid, people } from '../support/submission.ts'

const digits = ['d', 'e', 'f'] as const

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
    .record(
      {
        approver: anyone,
        through: fc.array(anyReference, { maxLength: 3 }),
        planDigest: anyDigest,
        comment: fc.constant(null),
        grantId: fc.constant(fixedUuid<GrantId>('7')),
      },
      { requiredKeys: ['approver', 'through', 'planDigest', 'comment'] },
    )
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
    event<SigningRequestEvent, 'ProvenanceSigned'>('ProvenanceSigned', {
      attempt,
      keyId: fixedUuid('7'),
      envelope: { sha256: digests[0] as Sha256Digest, size: 1 },
      bundle: { sha256: digests[1] as Sha256Digest, size: 1 },
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
  fc.constantFrom(...digits).map((digit) =>
    event<SigningRequestEvent, 'SigningRequestResubmitted'>('SigningRequestResubmitted', {
      resubmittedAs: fixedUuid(digit),
      signingPolicyId: fixedUuid('5'),
      resubmittedBy: people.anna,
    }),
  ),
  fc.constantFrom(true, false).map((isVerified) => {
    const facts = {
      trustedBuildSystemId: fixedUuid<TrustedBuildSystemId>('d'),
      kind: 'custom',
      checks: [],
      evidence: [],
    } as const
    return isVerified
      ? event<SigningRequestEvent, 'OriginVerified'>('OriginVerified', { ...facts, proof: 'claim', origin: anOrigin })
      : event<SigningRequestEvent, 'OriginRejected'>('OriginRejected', facts)
  }),
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
        // A completed one learns which requests took its artifact again, and nothing else.
        const resubmissions = end.workflowStatus === 'Completed' ? expect.any(Array) : []
        expect(all.at(-1)).toEqual({ ...end, resubmissions })
      }),
      { numRuns: 1500 },
    )
    expect([...ends].toSorted()).toEqual([
      'ArtifactRetrievalFailed',
      'Canceled',
      'Completed',
      'Denied',
      'OriginVerificationFailed',
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
