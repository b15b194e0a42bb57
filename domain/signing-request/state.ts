import type { Sha256Digest } from '../digest.ts'
import type { Instant } from '../event.ts'
import type { GrantId, SigningRequestId, UserId } from '../ids.ts'
import type { PrincipalReference } from '../principal-reference.ts'
import { Refusal } from '../refusal.ts'
import type { AddedBuildData } from './build-data.ts'
import type { Delay, SigningRequestEvent, SigningRequestSubmitted, Submission } from './events.ts'
import type { RequestFailure } from './failure.ts'
import { failureOfOrigin } from './judge-origin.ts'
import type { SignedFile } from './manifest.ts'
import type { OriginVerified } from './origin-events.ts'
import type { SignedProvenance } from './provenance.ts'
import { quorumReached } from './quorum.ts'
import type { Artifact } from './source.ts'
import { isFinalStatus, type WorkflowStatus } from './workflow-status.ts'

/** An approval that counts. */
export type Approval = {
  readonly approver: UserId
  /** What made the person an approver when they approved. */
  readonly through: readonly PrincipalReference[]
  readonly planDigest: Sha256Digest
  readonly comment: string | null
  /** The people behind the account, besides itself; nobody when it is left out. */
  readonly peopleBehind?: readonly UserId[]
  /** The grant by which it was given in advance; left out where the person approved by hand. */
  readonly grantId?: GrantId
}

/** Why a request was denied. */
export type Denial =
  | { readonly kind: 'denied'; readonly approver: UserId; readonly comment: string | null }
  | { readonly kind: 'expired'; readonly deadline: Instant }

/** What is known of the origin of a request's artifact. */
export type OriginOfRequest = Pick<OriginVerified['data'], 'kind' | 'trustedBuildSystemId' | 'checks' | 'evidence'> & {
  /** The origin, where it was verified and is allowed; `null` when it was rejected. */
  readonly verified: Pick<OriginVerified['data'], 'origin' | 'proof'> | null
}

/** What was signed, as the log says it. */
export type ManifestOfRequest = {
  readonly digest: Sha256Digest
  /** SHA-256 of all bytes of its document. */
  readonly document: Sha256Digest
  readonly fileCount: number
  /** Its first files; all of them where they are few. */
  readonly files: readonly SignedFile[]
}

/** A request that was submitted. */
export type SigningRequest = Submission & {
  readonly workflowStatus: WorkflowStatus
  /** What the bytes are that are planned and signed; `null` until they are known to be in the store. */
  readonly artifact: Artifact | null
  /** `null` until it was verified or rejected, and where nothing is demanded of it. */
  readonly origin: OriginOfRequest | null
  /** What was written into the package about its build; left out until then, and where nothing is. */
  readonly addedBuildData?: AddedBuildData
  /** `null` until it was planned. */
  readonly plan: {
    readonly digest: Sha256Digest
    /** SHA-256 of all bytes of its document. */
    readonly document: Sha256Digest
    /** SHA-256 of the DER certificate that it names, hexadecimal. */
    readonly certificateThumbprint: string
    readonly plannerVersion: number
    readonly nodeCount: number
    readonly fileCount: number
    /** When a request without quorum will be denied; `null` waits without end. */
    readonly approvalDeadline: Instant | null
  } | null
  /** In the order given; at most one a person. */
  readonly approvals: readonly Approval[]
  /** How many times signing was started. */
  readonly attempts: number
  /** What the last attempt signed; `null` until it has. */
  readonly manifest: ManifestOfRequest | null
  /** Where what it signed comes from, as the signer states it; `null` where the origin was not verified. */
  readonly provenance: SignedProvenance | null
  readonly signedArtifact: Artifact | null
  readonly failure: RequestFailure | null
  /** Why it does not go on now; `null` while it does, waits for people, or is over. */
  readonly waitingFor: Delay | null
  readonly denial: Denial | null
  readonly cancellation: { readonly canceledBy: UserId | null; readonly reason: string | null } | null
  /** The requests that took its artifact again, in their order. */
  readonly resubmissions: readonly SigningRequestId[]
}

/** Before and after submission. */
export type SigningRequestState = { readonly workflowStatus: 'none' } | SigningRequest

/** The state before the first event. */
export function initialState(): SigningRequestState {
  return { workflowStatus: 'none' }
}

/**
 * The state after an event. A request that is over stays as it ended, and one that was submitted is not submitted again,
 * whatever else stands in its stream: no sequence of events reopens a request. A completed one only learns which requests took
 * its artifact again.
 */
export function evolve(state: SigningRequestState, event: SigningRequestEvent): SigningRequestState {
  if (state.workflowStatus === 'none') return event.type === 'SigningRequestSubmitted' ? submitted(event.data) : state
  if (isFinalStatus(state.workflowStatus)) return afterEnd(state, event)
  switch (event.type) {
    case 'SigningRequestSubmitted':
    case 'SigningRequestResubmitted':
      return state
    case 'SigningRequestDelayed': {
      const { schemaVersion: _, ...waitingFor } = event.data
      return { ...state, waitingFor }
    }
    case 'SigningStarted': {
      // What was away was a signer, or something that may be away still: then the next attempt shows.
      const waitingFor = state.waitingFor?.nextTryAt === null ? null : state.waitingFor
      return {
        ...state,
        workflowStatus: 'Processing',
        attempts: event.data.attempt,
        manifest: null,
        provenance: null,
        waitingFor,
      }
    }
    default:
      return advanced({ ...state, waitingFor: null }, event)
  }
}

/**
 * The request, if something can still happen to it.
 *
 * @throws Refusal `SIGNING_REQUEST_NOT_FOUND` or `SIGNING_REQUEST_FINAL`
 */
export function openSigningRequest(state: SigningRequestState): SigningRequest {
  if (state.workflowStatus === 'none')
    throw new Refusal('SIGNING_REQUEST_NOT_FOUND', 'There is no such signing request.')
  if (isFinalStatus(state.workflowStatus))
    throw new Refusal('SIGNING_REQUEST_FINAL', `The signing request is over: ${state.workflowStatus}.`, {
      workflowStatus: state.workflowStatus,
    })
  return state
}

/**
 * The request, if it is known what its bytes are.
 *
 * @throws Refusal `SIGNING_REQUEST_STATE` until they were retrieved
 */
export function retrieved(request: SigningRequest): SigningRequest & { readonly artifact: Artifact } {
  const { artifact } = request
  if (artifact !== null) return { ...request, artifact }
  throw new Refusal(
    'SIGNING_REQUEST_STATE',
    `The artifact was not retrieved. The request is ${request.workflowStatus}.`,
    {
      workflowStatus: request.workflowStatus,
    },
  )
}

type Advance = Exclude<
  SigningRequestEvent,
  { type: 'SigningRequestSubmitted' | 'SigningRequestResubmitted' | 'SigningRequestDelayed' | 'SigningStarted' }
>

/** The state after an event that shows that the request goes on. */
function advanced(state: SigningRequest, event: Advance): SigningRequest {
  switch (event.type) {
    case 'ArtifactRetrieved': {
      const { schemaVersion: _, ...artifact } = event.data
      return state.artifact === null ? { ...state, workflowStatus: 'QueuedForProcessing', artifact } : state
    }
    case 'OriginVerified': {
      const { kind, trustedBuildSystemId, checks, evidence, origin, proof } = event.data
      const found = { kind, trustedBuildSystemId, checks, evidence, verified: { origin, proof } }
      return state.origin === null ? { ...withBuilders(state, event.data), origin: found } : state
    }
    case 'OriginRejected': {
      const { kind, trustedBuildSystemId, checks, evidence } = event.data
      const origin = { kind, trustedBuildSystemId, checks, evidence, verified: null }
      return { ...state, workflowStatus: 'OriginVerificationFailed', origin, failure: failureOfOrigin(checks) }
    }
    case 'BuildDataAdded': {
      const { artifact, builtSha256, repository, settings } = event.data
      const { artifact: builtArtifact, addedBuildData, plan } = state
      if (builtArtifact?.sha256 !== builtSha256 || addedBuildData !== undefined || plan !== null) return state
      return { ...state, artifact, addedBuildData: { builtArtifact, repository, settings } }
    }
    case 'SigningPlanned': {
      const { planDigest: digest, planDocument: document } = event.data
      const { certificateThumbprint, plannerVersion, nodeCount, fileCount, approvalDeadline } = event.data
      const plan = { digest, document, certificateThumbprint, plannerVersion, nodeCount, fileCount, approvalDeadline }
      return awaitingQuorum({ ...state, plan })
    }
    case 'ApprovalGranted': {
      const { schemaVersion: _, ...approval } = event.data
      return awaitingQuorum({ ...state, approvals: [...state.approvals, approval] })
    }
    case 'ApprovalInvalidated':
      return awaitingQuorum({
        ...state,
        approvals: state.approvals.filter(({ approver }) => approver !== event.data.approver),
      })
    case 'ApprovalDenied': {
      const { approver, comment } = event.data
      return { ...state, workflowStatus: 'Denied', denial: { kind: 'denied', approver, comment } }
    }
    case 'ApprovalExpired':
      return { ...state, workflowStatus: 'Denied', denial: { kind: 'expired', deadline: event.data.deadline } }
    case 'SigningRequestCanceled': {
      const { canceledBy, reason } = event.data
      return { ...state, workflowStatus: 'Canceled', cancellation: { canceledBy, reason } }
    }
    case 'FilesSigned': {
      const { manifestDigest: digest, manifestDocument: document, fileCount, files } = event.data
      return { ...state, manifest: { digest, document, fileCount, files } }
    }
    case 'ProvenanceSigned': {
      const { keyId, envelope, bundle } = event.data
      return { ...state, provenance: { keyId, envelope, bundle } }
    }
    case 'SigningRequestCompleted':
      return { ...state, workflowStatus: 'Completed', signedArtifact: event.data.signedArtifact }
    case 'SigningRequestFailed':
      return { ...state, workflowStatus: event.data.workflowStatus, failure: event.data.failure }
  }
}

/** Who is behind the build is behind the request, as whoever is behind its submitter's account. */
function withBuilders(request: SigningRequest, { peopleBehind = [] }: OriginVerified['data']): SigningRequest {
  const people = new Set([...(request.peopleBehind ?? []), ...peopleBehind])
  people.delete(request.submitter)
  return people.size === 0 ? request : { ...request, peopleBehind: [...people].sort() }
}

function submitted({ schemaVersion: _, ...submission }: SigningRequestSubmitted['data']): SigningRequest {
  return {
    ...submission,
    workflowStatus: 'Submitted',
    artifact: null,
    origin: null,
    plan: null,
    approvals: [],
    attempts: 0,
    manifest: null,
    provenance: null,
    signedArtifact: null,
    failure: null,
    waitingFor: null,
    denial: null,
    cancellation: null,
    resubmissions: [],
  }
}

function afterEnd(request: SigningRequest, event: SigningRequestEvent): SigningRequest {
  if (event.type !== 'SigningRequestResubmitted' || request.workflowStatus !== 'Completed') return request
  const { resubmittedAs } = event.data
  if (request.resubmissions.includes(resubmittedAs)) return request
  return { ...request, resubmissions: [...request.resubmissions, resubmittedAs] }
}

function awaitingQuorum(request: SigningRequest): SigningRequest {
  return { ...request, workflowStatus: quorumReached(request) ? 'QueuedForProcessing' : 'WaitingForApproval' }
}
