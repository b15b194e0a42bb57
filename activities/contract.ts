import type {
  CertificateId,
  DomainEvent,
  EventMetadata,
  Sha256Digest,
  SigningRequestId,
  UserId,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'

/** Events of a signing request's stream, as the workflow folds them. */
export type StreamRead = {
  readonly events: readonly DomainEvent[]
  /** What the next append has to expect. */
  readonly revision: number | 'noStream'
}

/** What became of an append: in the log, or refused because the stream has moved on and is to be read again. */
export type AppendOutcome =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: LogPosition }
  | { readonly kind: 'conflict' }

/** Short steps, run as local activities: a few milliseconds each, retried until they succeed. */
export interface ShortActivities {
  /** Reads a request's stream from a revision on. */
  readSigningRequest(input: {
    readonly signingRequestId: SigningRequestId
    readonly fromRevision: number
  }): Promise<StreamRead>

  /** Appends to a request's stream; the same input twice writes once. */
  appendEvents(input: {
    readonly signingRequestId: SigningRequestId
    readonly expectedRevision: number | 'noStream'
    readonly events: readonly DomainEvent[]
    readonly metadata: EventMetadata
  }): Promise<AppendOutcome>

  /**
   * Finds the submitted artifact in the store. Fails with the code `ARTIFACT_NOT_FOUND` when it is not there.
   */
  retrieveArtifact(input: {
    readonly sha256: Sha256Digest
  }): Promise<{ readonly sha256: Sha256Digest; readonly size: number }>

  /** Says which of these users may not act any more. */
  findDeactivatedUsers(input: { readonly userIds: readonly UserId[] }): Promise<readonly UserId[]>
}

/** Steps that read whole artifacts, run as ordinary activities with heartbeats. */
export interface LongActivities {
  /** Reads the artifact, settles what will be signed and how, and stores that plan by its digest. */
  planSigning(input: {
    readonly signingRequestId: SigningRequestId
  }): Promise<{ readonly planDigest: Sha256Digest; readonly fileCount: number }>
}

/** Steps that use keys. Only the signer runs them, on its own task queue; they trust nothing but the log. */
export interface SignerActivities {
  /**
   * Signs a request, if the log says that it may be signed; appends `SigningStarted`, `FileSigned` and
   * `SigningRequestCompleted` itself. Answers at once when the request is completed already.
   */
  sign(input: { readonly signingRequestId: SigningRequestId }): Promise<void>

  /** Makes the key and the self-signed certificate that the log asks for, as far as they do not exist yet. */
  issueCertificate(input: { readonly certificateId: CertificateId }): Promise<{ readonly position: LogPosition }>
}
