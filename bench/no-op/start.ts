import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode } from '@temporalio/worker'
import type { Logger } from 'pino'
import type { EmbeddedService } from '../../server/embedded/index.ts'
import { newPayloadKey } from '../../server/payload-codec.ts'
import { connectClient, runWorker } from '../../server/temporal.ts'
import { preloaded } from '../../server/workflow-bundle.ts'

/** Starts a worker for no-op workflows on a service's Temporal; each call of `run` is one of them, from its start to its end. */
export async function startNoOps({ temporal }: EmbeddedService, logger: Logger) {
  const taskQueue = 'no-op'
  const target = { address: temporal.address, namespace: temporal.namespace, payloadKeys: newPayloadKey() }
  const workflowsPath = fileURLToPath(new URL('workflow.ts', import.meta.url))
  const failureConverterPath = fileURLToPath(new URL('../../workflows/failure-converter.ts', import.meta.url))
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} }
  // Loaded as the service's own workflows are: what is cheaper for these is so for both.
  const preloadModules = preloaded(workflowsPath)
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath,
    failureConverterPath,
    preloadModules,
    logger: quiet,
  })
  const worker = await runWorker(target, { taskQueue, workflowBundle, activities: { async doNothing() {} } }, logger)
  const { client, close } = connectClient(target)
  return {
    run: () =>
      client.workflow.execute('noOp', { taskQueue, workflowId: `no-op-${randomUUID()}` }).then(() => undefined),
    async close() {
      await worker.close()
      await close()
    },
  }
}
