import type {
  KeyId,
  Sha256Digest,
  SigningRequestCommand,
  SigningRequestEvent,
  SigningRequestId,
  Source,
  UserId,
} from '../../domain/index.ts'
import { event as makeEvent } from './decider-spec.ts'
import { aManifest, anArtifact, aPlan, aSubmission, fixedUuid, people, references } from './submission.ts'

type Facts<Type extends SigningRequestEvent['type']> = Omit<
  Extract<SigningRequestEvent, { type: Type }>['data'],
  'schemaVersion'
>
/** An event of a signing request. */
export const event = <Type extends SigningRequestEvent['type']>(type: Type, facts: Facts<Type>) =>
  makeEvent<SigningRequestEvent, Type>(type, facts as never)

const { submitter, anna, bert } = people
/** What a signing request of `aSubmission` goes through: its events, the commands that lead to them, and what stands in both. */
export const planDigest = 'cd'.repeat(32) as Sha256Digest
export const otherDigest = 'ef'.repeat(32) as Sha256Digest
export const at = '2026-03-01T12:00:00.000Z'
const submission = aSubmission()
const { sha256 } = anArtifact
const { certificateId } = submission
const certificateThumbprint = '12'.repeat(32)
const keyId = fixedUuid<KeyId>('7')
export const policy = submission.approval as NonNullable<typeof submission.approval>

export const submitted = event('SigningRequestSubmitted', submission)
export const submittedUnder = (approval: typeof submission.approval) =>
  event('SigningRequestSubmitted', aSubmission({ approval }))
export const retrieved = event('ArtifactRetrieved', anArtifact)
export const planned = event('SigningPlanned', { planDigest, ...aPlan, approvalDeadline: null })
export const plannedUntil = (approvalDeadline: string) =>
  event('SigningPlanned', { planDigest, ...aPlan, approvalDeadline })
export const granted = (approver: UserId, digest = planDigest) =>
  event('ApprovalGranted', { approver, through: references(approver), planDigest: digest, comment: null })
export const invalidated = (approver: UserId) => event('ApprovalInvalidated', { approver, reason: 'userDeactivated' })
export const denied = event('ApprovalDenied', { approver: anna, through: references(anna), comment: 'not today' })
export const expired = event('ApprovalExpired', { deadline: at })
export const canceled = event('SigningRequestCanceled', { canceledBy: submitter, reason: null })
export const started = (attempt: number) =>
  event('SigningStarted', { attempt, planDigest, certificateId, certificateThumbprint, keyId })
export const manifest = aManifest(
  { unsignedSha256: sha256, signedSha256: otherDigest, signedSize: 5000 },
  { time: at, authority: 'CN=TSA', uncovered: [] },
)
export const signedArtifact = { fileName: 'setup.exe', sha256: otherDigest, size: 5000 }
export const filesSigned = (attempt: number) => event('FilesSigned', { attempt, ...manifest })
export const completed = (attempt: number) => event('SigningRequestCompleted', { attempt, signedArtifact })
export const otherRequest = fixedUuid<SigningRequestId>('e')
export const resubmitted = event('SigningRequestResubmitted', {
  resubmittedAs: otherRequest,
  signingPolicyId: submission.signingPolicyId,
  resubmittedBy: anna,
})
export const failure = { code: 'PE_TRUNCATED', message: 'It ends early.', path: ['setup.exe'] }
export const failed = event('SigningRequestFailed', { workflowStatus: 'ProcessingFailed', failure })

export const waiting = [submitted, retrieved, planned]
export const approved = [...waiting, granted(anna), granted(bert)]
export const signing = [...approved, started(1)]

/** A submission that takes the artifact of the request with an id again. */
export const takenFrom = (signingRequestId: SigningRequestId): Source => ({
  ...submission.source,
  kind: 'earlierRequest',
  details: { signingRequestId },
})
export const resubmission = aSubmission({
  signingRequestId: otherRequest,
  submitter: anna,
  source: takenFrom(submission.signingRequestId),
})
export const recordResubmission: SigningRequestCommand = { type: 'RecordResubmission', resubmission }
export const submit = { type: 'SubmitSigningRequest', submission } as const satisfies SigningRequestCommand
export const submitFrom = (changes: Partial<Source>): SigningRequestCommand => ({
  type: 'SubmitSigningRequest',
  submission: aSubmission({ source: { ...submission.source, ...changes } }),
})
export const retrieve = { type: 'RecordRetrieval', artifact: anArtifact } as const satisfies SigningRequestCommand
export const plan = { type: 'RecordPlan', planDigest, ...aPlan, at } as const satisfies SigningRequestCommand
export const approve = (approver: UserId, digest = planDigest): SigningRequestCommand => ({
  type: 'Approve',
  approver,
  groups: [],
  planDigest: digest,
  comment: null,
})
export const deny = (approver: UserId): SigningRequestCommand => ({
  type: 'Deny',
  groups: [],
  approver,
  comment: 'not today',
})
export const cancel = { type: 'Cancel', canceledBy: submitter, reason: null } as const satisfies SigningRequestCommand
export const start: SigningRequestCommand = {
  type: 'StartSigning',
  planDigest,
  certificateId,
  certificateThumbprint,
  keyId,
}
export const provenance = {
  keyId,
  envelope: { sha256: 'e1'.repeat(32) as Sha256Digest, size: 10 },
  bundle: { sha256: 'b1'.repeat(32) as Sha256Digest, size: 20 },
} as const
export const provenanceSigned = (attempt: number) => event('ProvenanceSigned', { attempt, ...provenance })
export const record = (attempt: number): SigningRequestCommand => ({
  type: 'RecordSigned',
  attempt,
  ...manifest,
  signedArtifact,
})
export const fail = {
  type: 'Fail',
  workflowStatus: 'ProcessingFailed',
  failure,
} as const satisfies SigningRequestCommand
