import { defineSignal, defineUpdate } from '@temporalio/workflow'
import type {
  Approve,
  Artifact,
  Cancel,
  CertificateId,
  Deny,
  Initiator,
  KeyId,
  RequestFailure,
  SigningRequestId,
  SubmitSigningRequest,
  WorkflowStatus,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'

/**
 * Argument of the workflow `signingRequest`; its workflow id is the signing request id. Anybody who reaches Temporal can
 * start one with another argument: it then does what it does without any.
 */
export type SigningRequestInput = {
  /** Whether its submission comes along with the start: then there is no history to read first. */
  readonly isNew?: boolean
}

/** The id of the workflow `generateKey` for a key. */
export function generateKeyId(keyId: KeyId): string {
  return `key-${keyId}`
}

/** The id of the workflow `importKey` for a key. */
export function importKeyId(keyId: KeyId): string {
  return `key-import-${keyId}`
}

/** The id of the workflow `issueCertificate` for a certificate. */
export function issueCertificateId(certificateId: CertificateId): string {
  return `certificate-${certificateId}`
}

/** The id of the workflow `enrolCertificate` for a certificate. */
export function enrolCertificateId(certificateId: CertificateId): string {
  return `enrolment-${certificateId}`
}

/** The id of the workflow `webHookDelivery` for a round of a delivery. */
export function webHookDeliveryId(deliveryId: string, round: number): string {
  return `webHookDelivery-${deliveryId}${round === 0 ? '' : `-${round}`}`
}

/** Where a delivery is, when its workflow goes on with a new history. */
export type DeliveryProgress = {
  /** The attempt that comes next. */
  readonly attempt: number
  /** Until when it is tried, in milliseconds since 1970. */
  readonly deadline: number
}

/** The id of the workflow `mailDelivery` for a round of a mail. */
export function mailDeliveryId(notificationId: string, round: number): string {
  return `mail-${notificationId}${round === 0 ? '' : `-${round}`}`
}

/** Argument of every update of a signing request. */
export type Change<Command> = { readonly command: Command; readonly initiator: Initiator }

/** A change that says whose it is: sealed with its payload, it cannot be sent to another request again. */
export type AddressedChange<Command> = Change<Command> & { readonly signingRequestId: SigningRequestId }

/** What every update answers. */
export type Changed = {
  /** Where the log was when the change was in it. */
  readonly position: LogPosition
}

/** Where a request is that was followed: over, or at a point where it waits for somebody or something. */
export type Followed = Changed & {
  readonly workflowStatus: WorkflowStatus
  readonly signedArtifact: Artifact | null
  /** Why it failed; `null` when it did not. */
  readonly failure: RequestFailure | null
}

/** Brings a new request in. */
export const submitUpdate = defineUpdate<Changed, [AddressedChange<SubmitSigningRequest>]>('submit')
/** The same, and answers when the request is over or waits: what is signed in a moment comes back with the answer. */
export const submitAndFollowUpdate = defineUpdate<Followed, [AddressedChange<SubmitSigningRequest>]>('submitAndFollow')
/** Agrees to the plan. */
export const approveUpdate = defineUpdate<Changed, [AddressedChange<Approve>]>('approve')
/** Says no. */
export const denyUpdate = defineUpdate<Changed, [AddressedChange<Deny>]>('deny')
/** Calls it off. */
export const cancelUpdate = defineUpdate<Changed, [AddressedChange<Cancel>]>('cancel')

/** Has a running workflow read its request's stream again: what it knew may be less than what happened. */
export const refreshSignal = defineSignal('refresh')

/** The task queue of the signer processes. Nothing else listens there. */
export const signerTaskQueue = 'countersign-signer'
/** The task queue of what workers send to others: whoever answers them slowly holds up nothing else. */
export const deliveryTaskQueue = 'countersign-delivery'
/** The task queue of the worker processes. */
export const workerTaskQueue = 'countersign-worker'
/** The task queue of who sends mails: the api processes, which alone can read addresses. */
export const mailTaskQueue = 'countersign-mail'
