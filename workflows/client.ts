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
import type { CertificateId, KeyId, SigningRequestId } from '../domain/index.ts'
import {
  type AddressedChange,
  approveUpdate,
  type Change,
  type Changed,
  cancelUpdate,
  denyUpdate,
  enrolCertificateId,
  generateKeyId,
  importKeyId,
  issueCertificateId,
  refreshSignal,
  type SigningRequestInput,
  submitAndFollowUpdate,
  submitUpdate,
  workerTaskQueue,
} from './contract.ts'
import type { enrolCertificate, generateKey, importKey, issueCertificate } from './key-work.ts'
import { type SealedKey, type Workflows, WorkflowsUnavailable, WorkflowsUntrusted } from './port.ts'
import { refusalFromFailure } from './refusals.ts'
import type { signingRequest } from './signing-request.ts'
import { unopenedCode } from './unopened.ts'

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

  function withStart<Command, Answer extends Changed>(
    signingRequestId: SigningRequestId,
    update: UpdateDefinition<Answer, [AddressedChange<Command>]>,
    change: Change<Command>,
    within?: number,
  ): Promise<Answer> {
    const isNew = update.name === submitUpdate.name || update.name === submitAndFollowUpdate.name
    return changed(
      () =>
        workflow.executeUpdateWithStart(update, {
          args: [{ ...change, signingRequestId }],
          startWorkflowOperation: new WithStartWorkflowOperation<typeof signingRequest>('signingRequest', {
            ...options(signingRequestId, { isNew }),
            workflowIdConflictPolicy: 'USE_EXISTING',
          }),
        }),
      within,
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
  async function changed<Answer extends Changed>(call: () => Promise<Answer>, within?: number): Promise<Answer> {
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
    submitAndFollow: (signingRequestId, change, withinMs) =>
      withStart(signingRequestId, submitAndFollowUpdate, change, withinMs),

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

    importKey: (keyId, sealed) =>
      changed(
        () =>
          workflow.execute<typeof importKey>('importKey', {
            ...joining(importKeyId(keyId)),
            args: [sealed] as [SealedKey],
          }),
        5 * answerWithin,
      ),

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

    async enrolCertificate(certificateId) {
      await answered(() =>
        workflow.start<typeof enrolCertificate>('enrolCertificate', joining(enrolCertificateId(certificateId))),
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
