import type { SealedKey } from '../activities/contract.ts'
import type {
  Approve,
  Cancel,
  CertificateId,
  Deny,
  KeyId,
  SigningRequestId,
  SubmitSigningRequest,
} from '../domain/index.ts'
import type { Change, Changed, Followed } from './contract.ts'
import type { UnopenedCode } from './unopened.ts'

export type { SealedKey } from '../activities/contract.ts'
export type { Change, Followed } from './contract.ts'

/** A command that goes to a running request. */
export type RequestCommand = Approve | Deny | Cancel

/**
 * The client side of the workflows: what use cases may ask of them.
 *
 * Refusals of the workflow come back as `Refusal`; an unreachable or silent Temporal as {@link WorkflowsUnavailable}; what
 * something else than this service answered as {@link WorkflowsUntrusted}.
 */
export interface Workflows {
  /** Starts the request's workflow and has it record the submission. */
  submit(signingRequestId: SigningRequestId, change: Change<SubmitSigningRequest>): Promise<Changed>
  /**
   * The same, and answers when the request is over, or waits for people or for a reason that was recorded.
   *
   * @param withinMs how long the answer is waited for; after that it fails as an engine that does not answer, and the request goes on
   */
  submitAndFollow(
    signingRequestId: SigningRequestId,
    change: Change<SubmitSigningRequest>,
    withinMs: number,
  ): Promise<Followed>
  /** Sends a command to the request's workflow; one that is not running is started first and goes on from the log. */
  change(signingRequestId: SigningRequestId, change: Change<RequestCommand>): Promise<Changed>
  /**
   * Has the request's workflow go on from what the log says, whatever state it is in. May be called at any time and as
   * often as one likes; calls at the same moment do no harm. A running one that waits to try a step again tries at once.
   */
  resume(signingRequestId: SigningRequestId): Promise<Resumption>
  /** The requests whose workflows run, as Temporal's list has them: what began or ended just now may be missing there. */
  runningRequests(): Promise<ReadonlySet<string>>
  /** Whether the request's workflow runs and gets on: {@link Workflows.resume} would neither start nor restart it. */
  isAtWork(signingRequestId: SigningRequestId): Promise<boolean>
  /**
   * Has the signer do what a key's stream asks for, and waits until it is done: make the key, or the transport key of one that is to
   * be imported, or destroy it.
   */
  generateKey(keyId: KeyId): Promise<Changed>
  /** Has the signer take up a key that was asked for, unless it is at it, and does not wait. */
  resumeKey(keyId: KeyId): Promise<void>
  /** Has the signer bring in a private key that was encrypted for its transport key, and waits until it is there. */
  importKey(keyId: KeyId, sealed: SealedKey): Promise<Changed>
  /** Has the signer make a certificate, and waits until it is there. */
  issueCertificate(certificateId: CertificateId): Promise<Changed>
  /** Has the signer take up a certificate that was asked for, unless it is at it, and does not wait. */
  resumeCertificate(certificateId: CertificateId): Promise<void>
  /** Has a worker take a certificate's request to its EST server, unless it is at it, and does not wait. */
  enrolCertificate(certificateId: CertificateId): Promise<void>
  /** Asks Temporal for a sign of life. @throws WorkflowsUnavailable when it gives none within two seconds */
  assertReachable(): Promise<void>
}

/**
 * What a call to resume a request's workflow did:
 *
 * - `started`: it did not run and was started.
 * - `refreshed`: it runs, and reads the request's stream again.
 * - `restarted`: it could not be replayed, by a fault or because another release began it, or was another one under its
 *   id. It was ended and started anew.
 */
export type Resumption = 'started' | 'refreshed' | 'restarted'

/** Temporal cannot be reached, or no worker answers. Trying again later may help. */
export class WorkflowsUnavailable extends Error {
  /** `TEMPORAL_UNAVAILABLE`, always. */
  readonly code = 'TEMPORAL_UNAVAILABLE'

  constructor(cause: unknown) {
    super('The workflow engine does not answer. Try again; whether the change was made, the request shows.', { cause })
    this.name = 'WorkflowsUnavailable'
  }
}

/**
 * Something that is none of this service answered, or was asked: whoever can reach Temporal took the task, or sent one
 * along. Whether the change was made, the request shows. Trying again later may help.
 */
export class WorkflowsUntrusted extends Error {
  /** Of an `Unopened`. */
  readonly code: UnopenedCode

  constructor(code: UnopenedCode) {
    super(
      'What came back through the workflow engine was not sealed by this service for this call. Whether the change was made, the request shows.',
    )
    this.name = 'WorkflowsUntrusted'
    this.code = code
  }
}
