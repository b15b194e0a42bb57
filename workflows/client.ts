import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { ActivityFailure, ApplicationFailure, type UpdateDefinition } from '@temporalio/common'
import type {
  Approve,
  Cancel,
  CertificateId,
  Deny,
  KeyId,
  SigningRequestId,
  SubmitSigningRequest,
} from '../domain/index.ts'
import {
  type AddressedChange,
  approveUpdate,
  type Change,
  type Changed,
  cancelUpdate,
  denyUpdate,
  generateKeyId,
  issueCertificateId,
  refreshSignal,
  type SigningRequestInput,
  submitUpdate,
  workerTaskQueue,
} from './contract.ts'
import type { generateKey, issueCertificate } from './key-work.ts'
import { refusalFromFailure } from './refusals.ts'
import type { signingRequest } from './signing-request.ts'
import { type UnopenedCode, unopenedCode } from './unopened.ts'

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
  /** Has the signer make a key, and waits until it is there. */
  generateKey(keyId: KeyId): Promise<Changed>
  /** Has the signer take up a key that was asked for, unless it is at it, and does not wait. */
  resumeKey(keyId: KeyId): Promise<void>
  /** Has the signer make a certificate, and waits until it is there. */
  issueCertificate(certificateId: CertificateId): Promise<Changed>
  /** Has the signer take up a certificate that was asked for, unless it is at it, and does not wait. */
  resumeCertificate(certificateId: CertificateId): Promise<void>
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

/**
 * From this attempt on, a workflow's task is not tried again in vain any longer. Temporal tries tasks again ever more
 * slowly, up to ten minutes apart; a worker's end costs one attempt, a workflow that no worker can replay all of them.
 */
const stuckAfter = 5

const runningQuery = `WorkflowType = 'signingRequest' AND ExecutionStatus = 'Running'`

/** How long a call waits for a worker before it gives up, in milliseconds. */
const answerWithin = 30_000

/** Connects use cases to Temporal. */
export function temporalWorkflows(client: Client): Workflows {
  const { workflow } = client

  function withStart<Command>(
    signingRequestId: SigningRequestId,
    update: UpdateDefinition<Changed, [AddressedChange<Command>]>,
    change: Change<Command>,
  ): Promise<Changed> {
    return changed(() =>
      workflow.executeUpdateWithStart(update, {
        args: [{ ...change, signingRequestId }],
        startWorkflowOperation: new WithStartWorkflowOperation<typeof signingRequest>('signingRequest', {
          ...options(signingRequestId, { isNew: update.name === submitUpdate.name }),
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      }),
    )
  }

  async function answered<Answer>(call: () => Promise<Answer>, within = answerWithin): Promise<Answer> {
    try {
      return await client.withDeadline(Date.now() + within, call)
    } catch (error) {
      const refused = applicationFailureIn(error)
      const unopened = refused && unopenedCode({ unopened: refused.type })
      if (unopened !== undefined) throw new WorkflowsUntrusted(unopened)
      if (refused !== undefined) throw refusalFromFailure(refused)
      throw isAway(error) ? new WorkflowsUnavailable(error) : error
    }
  }

  /** As {@link answered}, of calls that a workflow answers. */
  async function changed(call: () => Promise<Changed>, within?: number): Promise<Changed> {
    const answer = await answered(call, within)
    if (typeof answer?.position === 'string') return answer
    throw new WorkflowsUntrusted(unopenedCode(answer) ?? 'PAYLOAD_MISPLACED')
  }

  /** What Temporal says of a request's workflow; `undefined` when it knows none, or one that has ended. */
  async function running(
    workflowId: string,
  ): Promise<{ readonly runId: string; readonly failing: boolean } | undefined> {
    try {
      const { status, runId, raw, type, taskQueue } = await answered(() => workflow.getHandle(workflowId).describe())
      if (status.name !== 'RUNNING') return undefined
      // Whoever reaches Temporal can start something else under the id, where no worker of the service would see it.
      const foreign = type !== 'signingRequest' || taskQueue !== workerTaskQueue
      return { runId, failing: foreign || (raw.pendingWorkflowTask?.attempt ?? 0) >= stuckAfter }
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** Ends one run; it may have ended by itself meanwhile. */
  async function end(workflowId: string, runId: string): Promise<void> {
    try {
      await answered(() => workflow.getHandle(workflowId, runId).terminate('It could not go on.'))
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  return {
    submit: (signingRequestId, change) => withStart(signingRequestId, submitUpdate, change),

    change(signingRequestId, { command, initiator }) {
      switch (command.type) {
        case 'Approve':
          return withStart(signingRequestId, approveUpdate, { command, initiator })
        case 'Deny':
          return withStart(signingRequestId, denyUpdate, { command, initiator })
        case 'Cancel':
          return withStart(signingRequestId, cancelUpdate, { command, initiator })
      }
    },

    async resume(signingRequestId) {
      const found = await running(signingRequestId)
      if (found?.failing) await end(signingRequestId, found.runId)
      // Starts it unless it runs: then it is the signal alone that arrives.
      await answered(() =>
        workflow.signalWithStart<typeof signingRequest>('signingRequest', {
          ...options(signingRequestId, {}),
          signal: refreshSignal,
        }),
      )
      if (found === undefined) return 'started'
      return found.failing ? 'restarted' : 'refreshed'
    },

    runningRequests: () =>
      answered(async () => {
        const ids = new Set<string>()
        for await (const { workflowId } of workflow.list({ query: runningQuery, pageSize: 1_000 })) ids.add(workflowId)
        return ids
      }, 5 * answerWithin),

    async isAtWork(signingRequestId) {
      return (await running(signingRequestId))?.failing === false
    },

    generateKey: (keyId) =>
      changed(() => workflow.execute<typeof generateKey>('generateKey', keyOptions(keyId)), 5 * answerWithin),

    async resumeKey(keyId) {
      await answered(() => workflow.start<typeof generateKey>('generateKey', keyOptions(keyId)))
    },

    issueCertificate: (certificateId) =>
      changed(
        () => workflow.execute<typeof issueCertificate>('issueCertificate', certificateOptions(certificateId)),
        5 * answerWithin,
      ),

    async resumeCertificate(certificateId) {
      await answered(() =>
        workflow.start<typeof issueCertificate>('issueCertificate', certificateOptions(certificateId)),
      )
    },

    async assertReachable() {
      await answered(() => client.connection.workflowService.getSystemInfo({}), 2_000)
    },
  }
}

/** Whether Temporal did not do what it was asked for, whatever the client makes of that. */
function isAway(error: unknown): boolean {
  return (
    isGrpcServiceError(error) ||
    // Somebody ended the workflow: those that fail by themselves say why by a code.
    error instanceof WorkflowFailedError ||
    error instanceof WorkflowUpdateFailedError ||
    error instanceof ServiceError ||
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    error instanceof WorkflowNotFoundError
  )
}

function isNotFound(error: unknown): boolean {
  return error instanceof WorkflowsUnavailable && error.cause instanceof WorkflowNotFoundError
}

/** The coded failure inside what a failed update or workflow throws. */
function applicationFailureIn(error: unknown): ApplicationFailure | undefined {
  if (!(error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError)) return undefined
  const { cause } = error
  const innermost = cause instanceof ActivityFailure ? cause.cause : cause
  return innermost instanceof ApplicationFailure ? innermost : undefined
}

function options(workflowId: SigningRequestId, input: SigningRequestInput) {
  return { workflowId, taskQueue: workerTaskQueue, args: [input] as [SigningRequestInput] }
}

function keyOptions(keyId: KeyId) {
  return joining(generateKeyId(keyId))
}

function certificateOptions(certificateId: CertificateId) {
  return joining(issueCertificateId(certificateId))
}

/** Of a workflow without arguments that is started unless it runs. */
function joining(workflowId: string) {
  return { workflowId, taskQueue: workerTaskQueue, workflowIdConflictPolicy: 'USE_EXISTING' as const }
}
