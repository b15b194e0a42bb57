import {
  type Client,
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { ActivityFailure, ApplicationFailure, type UpdateDefinition } from '@temporalio/common'
import type { Approve, Cancel, CertificateId, Deny, SigningRequestId, SubmitSigningRequest } from '../domain/index.ts'
import {
  type AddressedChange,
  approveUpdate,
  type Change,
  type Changed,
  cancelUpdate,
  denyUpdate,
  type SigningRequestInput,
  submitUpdate,
  workerTaskQueue,
} from './contract.ts'
import type { issueCertificate } from './issue-certificate.ts'
import { refusalFromFailure } from './refusals.ts'
import type { signingRequest } from './signing-request.ts'

/** A command that goes to a running request. */
export type RequestCommand = Approve | Deny | Cancel

/**
 * The client side of the workflows: what use cases may ask of them.
 *
 * Refusals of the workflow come back as `Refusal`; an unreachable or silent Temporal as {@link WorkflowsUnavailable}.
 */
export interface Workflows {
  /** Starts the request's workflow and has it record the submission. */
  submit(signingRequestId: SigningRequestId, change: Change<SubmitSigningRequest>): Promise<Changed>
  /** Sends a command to the request's workflow; one that is not running is started first and goes on from the log. */
  change(signingRequestId: SigningRequestId, change: Change<RequestCommand>): Promise<Changed>
  /** Starts the request's workflow unless it runs. Answers whether it had to be started. */
  resume(signingRequestId: SigningRequestId): Promise<boolean>
  /** Has the signer make a certificate, and waits until it is there. */
  issueCertificate(certificateId: CertificateId): Promise<Changed>
  /** Has the signer take up a certificate that was asked for, unless it is at it, and does not wait. */
  resumeCertificate(certificateId: CertificateId): Promise<void>
  /** Asks Temporal for a sign of life. @throws WorkflowsUnavailable when it gives none within two seconds */
  assertReachable(): Promise<void>
}

/** Temporal cannot be reached, or no worker answers. Trying again later may help. */
export class WorkflowsUnavailable extends Error {
  /** `TEMPORAL_UNAVAILABLE`, always. */
  readonly code = 'TEMPORAL_UNAVAILABLE'

  constructor(cause: unknown) {
    super('The workflow engine does not answer. Try again; whether the change was made, the request shows.', { cause })
    this.name = 'WorkflowsUnavailable'
  }
}

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
    return answered(() =>
      workflow.executeUpdateWithStart(update, {
        args: [{ ...change, signingRequestId }],
        startWorkflowOperation: new WithStartWorkflowOperation<typeof signingRequest>('signingRequest', {
          ...options({ signingRequestId, isNew: update.name === submitUpdate.name }),
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
      if (refused !== undefined) throw refusalFromFailure(refused)
      const away =
        isGrpcServiceError(error) ||
        error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
        error instanceof WorkflowNotFoundError
      throw away ? new WorkflowsUnavailable(error) : error
    }
  }

  async function isRunning(workflowId: string): Promise<boolean> {
    try {
      return (await answered(() => workflow.getHandle(workflowId).describe())).status.name === 'RUNNING'
    } catch (error) {
      if (error instanceof WorkflowsUnavailable && error.cause instanceof WorkflowNotFoundError) return false
      throw error
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
      if (await isRunning(signingRequestId)) return false
      await answered(() =>
        workflow.start<typeof signingRequest>('signingRequest', {
          ...options({ signingRequestId }),
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      )
      return true
    },

    issueCertificate: (certificateId) =>
      answered(
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

/** The coded failure inside what a failed update or workflow throws. */
function applicationFailureIn(error: unknown): ApplicationFailure | undefined {
  if (!(error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError)) return undefined
  const { cause } = error
  const innermost = cause instanceof ActivityFailure ? cause.cause : cause
  return innermost instanceof ApplicationFailure ? innermost : undefined
}

function options(input: SigningRequestInput) {
  return { workflowId: input.signingRequestId, taskQueue: workerTaskQueue, args: [input] as [SigningRequestInput] }
}

function certificateOptions(certificateId: CertificateId) {
  return {
    workflowId: `certificate-${certificateId}`,
    taskQueue: workerTaskQueue,
    args: [{ certificateId }] as [{ certificateId: CertificateId }],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
  }
}
