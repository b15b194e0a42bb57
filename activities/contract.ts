import type {
  Approval,
  CertificateId,
  DomainEvent,
  EventMetadata,
  InvalidationReason,
  KeyId,
  SigningRequestId,
  UserId,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'

/** Which part of a request's stream a workflow has not seen yet. */
export type RequestStep = {
  readonly signingRequestId: SigningRequestId
  /** The first revision that the workflow does not know. */
  readonly fromRevision: number
}

/** What a step answers: the request's events from `fromRevision` on, those of the step and of others alike. */
export type NewerEvents = { readonly events: readonly DomainEvent[] }

/** A request's events from `fromRevision` on, and where the log was when each call that caused one of them was done. */
export type ReadEvents = NewerEvents & { readonly calls: Readonly<Record<string, LogPosition>> }

/** What became of an append: in the log, or refused because the stream has moved on and is to be read again. */
export type AppendOutcome =
  | {
      readonly kind: 'appended'
      readonly position: LogPosition
      /** What stands in the stream behind it, where the activity knows more. */
      readonly later?: readonly DomainEvent[]
    }
  | { readonly kind: 'conflict' }

/** What to append to a request's stream, and where. */
export type Append = {
  readonly signingRequestId: SigningRequestId
  readonly expectedRevision: number | 'noStream'
  readonly events: readonly DomainEvent[]
  readonly metadata: EventMetadata
}

/** An approval that is to be taken back, and why. */
export type InvalidApproval = { readonly approver: UserId; readonly reason: InvalidationReason }

/** Short steps, run as local activities: a few milliseconds each, retried until they succeed. */
export interface ShortActivities {
  /** Reads a request's stream from a revision on. */
  readSigningRequest(input: RequestStep): Promise<ReadEvents>

  /** Appends to a request's stream; the same input twice writes once. */
  appendEvents(input: Append): Promise<AppendOutcome>

  /**
   * Appends a submission, and goes on with `retrieveAndPlan` as far as that succeeds at once: for small artifacts, whose
   * planning takes less time than a trip between the two. What does not succeed is left to the step itself.
   */
  appendSubmission(input: Append): Promise<AppendOutcome>

  /** Says which of these approvals count no longer: their givers were deactivated, have left the groups, or revoked the grants. */
  findInvalidApprovals(input: {
    readonly approvals: readonly Pick<Approval, 'approver' | 'through' | 'grantId'>[]
  }): Promise<readonly InvalidApproval[]>
}

/**
 * Steps of a request that do their work and append the event that says so. Each looks at the log first and does nothing
 * that is done already, so it may be tried again at any time.
 */
export interface StepActivities {
  /** Brings the bytes of a source that is at hand into the store, or finds them there. */
  retrieveArtifact(input: RequestStep): Promise<NewerEvents>

  /** The same, and `planSigning` after it: for small artifacts, whose planning takes less time than a trip between them. */
  retrieveAndPlan(input: RequestStep): Promise<NewerEvents>
}

/** What is done for requests that wait for approval, as local activities. */
export interface GrantActivities {
  /** Approves a request that waits for approval by the grants that cover it. Nothing is done twice. */
  useGrants(input: RequestStep): Promise<NewerEvents>
}

/** The steps that the worker tries first where the workflow runs. */
export type ShortSteps = StepActivities & Pick<ShortActivities, 'findInvalidApprovals'>

/**
 * Short steps as ordinary activities, for tries after the first: what failed in one process may succeed in another one, of
 * another release for example, and local activities stay where the workflow is.
 */
export type AnywhereActivities = { readonly [Name in keyof ShortSteps as `${Name}Anywhere`]: ShortSteps[Name] }

/** Such steps that may take long: they run in whatever worker process has the time. */
export interface LongStepActivities {
  /** Brings the bytes of a source that is not at hand into the store. */
  fetchArtifact(input: RequestStep): Promise<NewerEvents>

  /** Asks where the artifact comes from, and records what came of it. */
  verifyOrigin(input: RequestStep): Promise<NewerEvents>

  /** Writes the data of its build into a package whose origin was verified, and records the package with it. */
  addBuildData(input: RequestStep): Promise<NewerEvents>

  /** Reads the artifact, settles what will be signed and how, and stores that plan by its digest. */
  planSigning(input: RequestStep): Promise<NewerEvents>
}

/** What is done when a request's source is needed no more. */
export interface SourceActivities {
  /**
   * Removes what was kept for retrieving the artifact of a request that has it, or is over. Says nothing, so nobody needs to
   * believe its answer.
   */
  finishSource(input: { readonly signingRequestId: SigningRequestId }): Promise<void>
}

/** What a worker does for certificates, without their keys. */
export interface EnrolmentActivities {
  /** Has the EST server that a certificate names issue for its request, and installs that. Over when nothing waits. */
  enrolCertificate(input: { readonly certificateId: CertificateId }): Promise<{ readonly isOver: boolean }>
}

/** Which attempt is to be made to deliver something, in which round: numbers from 1 in each. */
export type DeliveryAttempt = {
  /** Of the notification. */
  readonly id: string
  readonly round: number
  readonly attempt: number
  /** How long it may be tried from now on, by the clock of the workflow, in milliseconds. */
  readonly remainingMs: number
}

/** What became of something that was to be delivered: taken, tried for as long as it may be, or not wanted any more. */
export type DeliveryEnd = 'delivered' | 'abandoned' | 'canceled'

/** What is to follow: nothing, a further attempt after a pause, or the same attempt, since there was no place for it. */
export type AfterDelivery =
  | { readonly next: 'nothing'; readonly end: DeliveryEnd }
  | { readonly next: 'attempt'; readonly pauseMs: number }
  /** `isUnknown`: the store does not know it, or not any more. */
  | { readonly next: 'same'; readonly isUnknown?: true }

/** What workers do to tell somebody outside of the service something, on a task queue of its own. */
export interface DeliveryActivities {
  /** Sends a message to a web hook once and keeps what came of it; what is kept already is not done again. */
  attemptWebHookDelivery(input: DeliveryAttempt): Promise<AfterDelivery>
}

/** A private key on its way into its key store, as only that can open it. Both in base64. */
export type SealedKey = {
  /** An AES-256 key, encrypted for the key's transport key by RSA-OAEP with SHA-1. */
  readonly wrappedSecret: string
  /** DER PrivateKeyInfo (RFC 5208), encrypted with that by AES-KWP (RFC 5649). */
  readonly wrappedKey: string
}

/** Steps that use keys. Only the signer runs them, on its own task queue; they trust nothing but the log. */
export interface SignerActivities {
  /**
   * Signs a request, if the log says that it may be signed; appends `SigningStarted`, `FilesSigned` and
   * `SigningRequestCompleted` itself. Answers at once when the request is completed already.
   */
  sign(input: RequestStep): Promise<NewerEvents>

  /** Makes the key that the log asks for, in its key store, unless it exists. */
  generateKey(input: { readonly keyId: KeyId }): Promise<{ readonly position: LogPosition }>

  /** Brings the private key in that the log announced, unless it is there. */
  importKey(input: { readonly keyId: KeyId; readonly sealed: SealedKey }): Promise<{ readonly position: LogPosition }>

  /** Makes the self-signed certificate that the log asks for, unless it exists. */
  issueCertificate(input: { readonly certificateId: CertificateId }): Promise<{ readonly position: LogPosition }>
}

/**
 * What an activity that runs in another process answers. The id of the activity is in it, because whoever takes tasks
 * from a queue could answer one with whatever else was sealed for it, its own input for example.
 */
export type Answer<Result> = { readonly answerTo: string; readonly result: Result }

/** Which attempt is to be made to send a mail, in which round: numbers from 1 in each. */
export type MailAttempt = { readonly id: string; readonly round: number; readonly attempt: number }

/** What follows: nothing, the next attempt after a pause, or the same one, since the mail is not due yet. */
export type AfterMailAttempt =
  | { readonly next: 'nothing'; readonly end: DeliveryEnd }
  | { readonly next: 'attempt'; readonly pauseMs: number }
  /** `isUnknown`: the store does not know it, or not any more. */
  | { readonly next: 'notYet'; readonly pauseMs: number; readonly isUnknown?: true }

/** What processes do that can read addresses, on a task queue of their own. */
export interface MailActivities {
  /** Tries once to hand a mail over, and keeps what came of it; what is kept already is not done again. */
  attemptMail(input: MailAttempt): Promise<AfterMailAttempt>
}

/** Activities as other processes run them. */
export type Answering<Activities> = {
  readonly [Name in keyof Activities]: Activities[Name] extends (input: infer Input) => Promise<infer Result>
    ? (input: Input) => Promise<Answer<Result>>
    : never
}
