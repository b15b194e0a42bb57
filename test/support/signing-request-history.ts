import type {
  KeyId,
  Sha256Digest,
  SigningRequestCommand,
  SigningRequestEvent,
  Source,
  UserId,
} from '../../domain/index.ts'
import { event as makeEvent } from './decider-spec.ts'
import { aManifest, anArtifact, aPlan, aSubmission, fixedUuid, people, references } from './submission.ts'

type Facts<Type extends SigningRequestEvent['type']> = Omit<
  Extract<SigningRequestEvent, { type: Type }>['data'],
  'schemaVersion'
>
const event = <Type extends SigningRequestEvent['type']>(type: Type, facts: Facts<Type>) =>
  makeEvent<SigningRequestEvent, Type>(type, facts as never)

const { submitter, anna, bert } = people
const planDigest = 'cd'.repeat(32) as Sha256Digest
const otherDigest = 'ef'.repeat(32) as Sha256Digest
const at = '2026-03-01T12:00:00.000Z'
const submission = aSubmission()
const { sha256 } = anArtifact
const { certificateId } = submission
const certificateThumbprint = '12'.repeat(32)
const keyId = fixedUuid<KeyId>('7')
const policy = submission.approval as NonNullable<typeof submission.approval>

const submitted = event('SigningRequestSubmitted', submission)
const submittedUnder = (approval: typeof submission.approval) =>
  event('SigningRequestSubmitted', aSubmission({ approval }))
const retrieved = event('ArtifactRetrieved', anArtifact)
const planned = event('SigningPlanned', { planDigest, ...aPlan, approvalDeadline: null })
const plannedUntil = (approvalDeadline: string) => event('SigningPlanned', { planDigest, ...aPlan, approvalDeadline })
const granted = (approver: UserId, digest = planDigest) =>
  event('ApprovalGranted', { approver, through: references(approver), planDigest: digest, comment: null })
const invalidated = (approver: UserId) => event('ApprovalInvalidated', { approver, reason: 'userDeactivated' })
const denied = event('ApprovalDenied', { approver: anna, through: references(anna), comment: 'not today' })
const expired = event('ApprovalExpired', { deadline: at })
const canceled = event('SigningRequestCanceled', { canceledBy: submitter, reason: null })
const started = (attempt: number) =>
  event('SigningStarted', { attempt, planDigest, certificateId, certificateThumbprint, keyId })
const manifest = aManifest(
  { unsignedSha256: sha256, signedSha256: otherDigest, signedSize: 5000 },
  { time: at, authority: 'CN=TSA', uncovered: [] },
)
const signedArtifact = { fileName: 'setup.exe', sha256: otherDigest, size: 5000 }
const filesSigned = (attempt: number) => event('FilesSigned', { attempt, ...manifest })
const completed = (attempt: number) => event('SigningRequestCompleted', { attempt, signedArtifact })
const failure = { code: 'PE_TRUNCATED', message: 'It ends early.', path: ['setup.exe'] }
const failed = event('SigningRequestFailed', { workflowStatus: 'ProcessingFailed', failure })

const waiting = [submitted, retrieved, planned]
const approved = [...waiting, granted(anna), granted(bert)]
const signing = [...approved, started(1)]

const submit: SigningRequestCommand = { type: 'SubmitSigningRequest', submission }
const submitFrom = (changes: Partial<Source>): SigningRequestCommand => ({
  type: 'SubmitSigningRequest',
  submission: aSubmission({ source: { ...submission.source, ...changes } }),
})
const retrieve: SigningRequestCommand = { type: 'RecordRetrieval', artifact: anArtifact }
const plan: SigningRequestCommand = { type: 'RecordPlan', planDigest, ...aPlan, at }
const approve = (approver: UserId, digest = planDigest): SigningRequestCommand => ({
  type: 'Approve',
  approver,
  groups: [],
  planDigest: digest,
  comment: null,
})
const deny = (approver: UserId): SigningRequestCommand => ({ type: 'Deny', groups: [], approver, comment: 'not today' })
const cancel: SigningRequestCommand = { type: 'Cancel', canceledBy: submitter, reason: null }
const start: SigningRequestCommand = { type: 'StartSigning', planDigest, certificateId, certificateThumbprint, keyId }
const record = (attempt: number): SigningRequestCommand => ({
  type: 'RecordSigned',
  attempt,
  ...manifest,
  signedArtifact,
})
const fail: SigningRequestCommand = { type: 'Fail', workflowStatus: 'ProcessingFailed', failure }

/** What a signing request of {@link aSubmission} goes through: its events, how others are made, and what stands in them. */
export const history = {
  event,
  planDigest,
  otherDigest,
  at,
  policy,
  submitted,
  submittedUnder,
  retrieved,
  planned,
  plannedUntil,
  granted,
  invalidated,
  denied,
  expired,
  canceled,
  started,
  manifest,
  signedArtifact,
  filesSigned,
  completed,
  failure,
  failed,
  waiting,
  approved,
  signing,
}

/** The commands that lead to these events, and ways to make others. */
export const commands = { submit, submitFrom, retrieve, plan, approve, deny, cancel, start, record, fail }
