import type {
  OrganizationId,
  ProjectId,
  SigningPolicyId,
  SigningRequest,
  SigningRequestId,
  UserId,
  WorkflowStatus,
} from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import { recordedOf, viewOf } from './entity.ts'
import { missingApprovalsOf, type SigningRequestFacts, signingRequests } from './signing-requests.ts'
import type { EntityRow, Tables } from './tables.ts'
import type { Recorded, SigningRequestView } from './views.ts'

/** A row of signing requests. */
export type SigningRequestRow = Tables['signing_requests'] & EntityRow

/** What is read of facts, which are short, without the state. */
const inFacts = ['plannedAt', 'attemptsMade', 'finishedAt', 'vouchedBy'] as const
type InFacts = (typeof inFacts)[number]

/** What columns say. */
type InColumns = Recorded &
  Pick<
    SigningRequest,
    'signingRequestId' | 'organizationId' | 'projectId' | 'signingPolicyId' | 'submitter' | 'workflowStatus'
  >

/** What is made of the state. */
type Derived = 'approvals' | 'missingApprovals'

/** What only the state says. */
const inState: Readonly<Record<Exclude<keyof SigningRequestView, keyof InColumns | InFacts | Derived>, true>> = {
  signingPolicyVersion: true,
  certificateId: true,
  approval: true,
  timestamp: true,
  existingSignatures: true,
  peopleBehind: true,
  description: true,
  version: true,
  claimedOrigin: true,
  originVerification: true,
  source: true,
  program: true,
  cancelAt: true,
  artifact: true,
  origin: true,
  plan: true,
  attempts: true,
  manifest: true,
  provenance: true,
  signedArtifact: true,
  failure: true,
  waitingFor: true,
  denial: true,
  cancellation: true,
  resubmissions: true,
}

/**
 * A request of a list as queries see it. Most of a page's time would go into reading the states as JSON, so that is done when
 * something is asked that no column says.
 */
export function listedSigningRequest(row: SigningRequestRow): SigningRequestView {
  return new ListedSigningRequest(row) as object as SigningRequestView
}

class ListedSigningRequest implements InColumns {
  readonly #row: SigningRequestRow
  #facts: SigningRequestFacts | undefined
  #state: SigningRequest | undefined
  #view: SigningRequestView | undefined
  readonly signingRequestId
  readonly organizationId
  readonly projectId
  readonly signingPolicyId
  readonly submitter
  readonly workflowStatus
  readonly streamId
  readonly revision
  readonly createdAt
  readonly updatedAt

  constructor(row: SigningRequestRow) {
    const { id, revision, created_at: createdAt, updated_at: updatedAt } = row
    const recorded = recordedOf(signingRequests.kind, { id, revision, createdAt, updatedAt })
    this.#row = row
    this.signingRequestId = id as SigningRequestId
    this.organizationId = row.organization_id as OrganizationId
    this.projectId = row.project_id as ProjectId
    this.signingPolicyId = row.signing_policy_id as SigningPolicyId
    this.submitter = row.submitter as UserId
    this.workflowStatus = row.workflow_status as WorkflowStatus
    this.streamId = recorded.streamId
    this.revision = recorded.revision
    this.createdAt = recorded.createdAt
    this.updatedAt = recorded.updatedAt
  }

  #readFacts(): SigningRequestFacts {
    this.#facts ??= JSON.parse(this.#row.facts) as SigningRequestFacts
    return this.#facts
  }

  #readState(): SigningRequest {
    this.#state ??= JSON.parse(this.#row.state) as SigningRequest
    return this.#state
  }

  #readView(): SigningRequestView {
    const { signingRequestId: id, organizationId, revision, createdAt, updatedAt } = this
    const position = this.#row.position as LogPosition
    const recorded = { id, organizationId, revision, position, createdAt, updatedAt }
    this.#view ??= viewOf(
      signingRequests,
      { state: this.#readState(), facts: this.#readFacts(), ...recorded },
      updatedAt,
    )
    return this.#view
  }

  static {
    const define = (key: string, get: (request: ListedSigningRequest) => unknown) =>
      Object.defineProperty(ListedSigningRequest.prototype, key, {
        enumerable: true,
        get(this: ListedSigningRequest) {
          return get(this)
        },
      })
    for (const key of inFacts) define(key, (request) => request.#readFacts()[key])
    for (const key of Object.keys(inState) as (keyof typeof inState)[])
      define(key, (request) => request.#readState()[key])
    define('approvals', (request) => request.#readView().approvals)
    define('missingApprovals', (request) => missingApprovalsOf(request.#readState()))
  }
}
