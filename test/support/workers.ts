import { Client, WorkflowNotFoundError } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { Worker } from '@temporalio/worker'
import { onTestFinished } from 'vitest'
import { type EstAuthorities, signerActivities, workerActivities } from '../../activities/index.ts'
import { newPayloadKey, type OnUnopened } from '../../server/payload-codec.ts'
import { dataConverter, unreplayable } from '../../server/temporal.ts'
import { temporalWorkflows } from '../../workflows/client.ts'
import { signerTaskQueue, workerTaskQueue } from '../../workflows/contract.ts'
import type { Workflows } from '../../workflows/port.ts'
import type { TestOrganization } from './test-organization.ts'
import { sharedWorkflowBundle } from './workflow-bundle.ts'

/** The client side of the workflows, and what is behind it. */
export type TestWorkflows = Workflows & {
  readonly client: Client
  /** Starts a signer, for tests that begin without or stop the first; by default with the same parts. */
  readonly startSigner: (organization?: TestOrganization) => Promise<void>
  readonly stopSigner: () => Promise<void>
  /** Ends the worker, and starts another one, which knows nothing of what the first one did. */
  readonly restartWorker: () => Promise<void>
}

/** What of the workers a test replaces or listens to. */
export type WorkersOptions = {
  readonly onUnopened?: OnUnopened
  /** Called with every payload that is given to Temporal, as it was before it was sealed. */
  readonly onPayload?: (text: string) => void
  /** EST servers that the worker knows; default none. */
  readonly estServers?: EstAuthorities
  /** Whether a signer runs; default yes. */
  readonly signer?: boolean
}

/**
 * Runs the real workflows and activities for an organization until the running test has finished.
 *
 * @returns the client side of the workflows
 */
export async function startWorkers(
  environment: Pick<TestWorkflowEnvironment, 'connection' | 'nativeConnection' | 'namespace'>,
  organization: TestOrganization,
  payloadKey = newPayloadKey(),
  options: WorkersOptions = {},
): Promise<TestWorkflows> {
  const { onUnopened, onPayload, signer: hasSigner = true, estServers = new Map() } = options
  const sealing = dataConverter(payloadKey, onUnopened)
  // Codecs encode in the order of the list: the first one has the payloads before they are sealed.
  const reading: readonly PayloadCodec[] = onPayload === undefined ? [] : [readingCodec(onPayload)]
  const converter = { ...sealing, payloadCodecs: [...reading, ...(sealing.payloadCodecs ?? [])] }
  const { nativeConnection: connection, connection: clientConnection, namespace } = environment
  const common = { connection, dataConverter: converter, ...(namespace === undefined ? {} : { namespace }) }
  async function startWorker() {
    const worker = await Worker.create({
      ...common,
      taskQueue: workerTaskQueue,
      workflowBundle: await sharedWorkflowBundle(),
      ...unreplayable,
      activities: {
        ...workerActivities({
          ...organization.signer,
          sources: organization.sources,
          ...organization.asking,
          estServers,
        }),
      },
    })
    return { worker, done: worker.run() }
  }
  let running = await startWorker()
  async function stopWorker(): Promise<void> {
    running.worker.shutdown()
    await running.done
  }
  let signer: { readonly worker: Worker; readonly done: Promise<void> } | undefined
  async function startSigner({ signer: parts } = organization): Promise<void> {
    const started = await Worker.create({
      ...common,
      taskQueue: signerTaskQueue,
      activities: { ...signerActivities({ ...parts, recordRefusal: async () => undefined }) },
    })
    signer = { worker: started, done: started.run() }
  }
  async function stopSigner(): Promise<void> {
    signer?.worker.shutdown()
    await signer?.done
    signer = undefined
  }
  if (hasSigner) await startSigner()
  const client = new Client({ connection: clientConnection, dataConverter: converter })
  onTestFinished(async () => {
    await endWorkflows(client)
    await Promise.all([stopSigner(), stopWorker()])
  })
  async function restartWorker(): Promise<void> {
    await stopWorker()
    running = await startWorker()
  }
  return { ...temporalWorkflows(client), client, startSigner, stopSigner, restartWorker }
}

function readingCodec(onPayload: (text: string) => void): PayloadCodec {
  return {
    async encode(payloads) {
      for (const { data } of payloads) onPayload(Buffer.from(data ?? []).toString('utf8'))
      return payloads
    },
    decode: async (payloads) => payloads,
  }
}

/** Ends every workflow that a test has left waiting: its timers would call the workers of the next one. */
async function endWorkflows({ workflow, workflowService, options: { namespace } }: Client): Promise<void> {
  const { executions } = await workflowService.listOpenWorkflowExecutions({ namespace })
  for (const { execution } of executions ?? [])
    if (execution?.workflowId != null)
      await workflow
        .getHandle(execution.workflowId)
        .terminate()
        .catch((error: unknown) => {
          // It came to its end between the list and the call.
          if (!(error instanceof WorkflowNotFoundError)) throw error
        })
}
