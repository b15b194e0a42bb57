import { Client } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { describe, expect, onTestFinished, test } from 'vitest'
import { deliveryActivities } from '../../activities/index.ts'
import { newPayloadKey } from '../../server/payload-codec.ts'
import { dataConverter, unreplayable } from '../../server/temporal.ts'
import { deliveryTaskQueue, webHookDeliveryId, workerTaskQueue } from '../../workflows/contract.ts'
import { temporalDeliveries } from '../../workflows/deliveries.ts'
import { useTimeSkipping } from '../support/temporal.ts'
import { answering } from '../support/web-hook-receiver.ts'
import { type WebHookWorld, webHookWorld } from '../support/web-hook-world.ts'
import { sharedWorkflowBundle } from '../support/workflow-bundle.ts'

const environment = useTimeSkipping()

/** Workers of both queues for a world; that of deliveries can be ended and started again. */
async function startDeliveries(world: WebHookWorld, onPayload?: (text: string) => void) {
  const { nativeConnection: connection, connection: clientConnection } = environment()
  const sealing = dataConverter(newPayloadKey())
  const listening = {
    encode: async (payloads: { data?: Uint8Array | null }[]) => {
      for (const { data } of payloads) onPayload?.(Buffer.from(data ?? []).toString())
      return payloads
    },
    decode: async (payloads: never[]) => payloads,
  }
  const converter = { ...sealing, payloadCodecs: [listening as never, ...(sealing.payloadCodecs ?? [])] }
  const worker = await Worker.create({
    connection,
    dataConverter: converter,
    taskQueue: workerTaskQueue,
    workflowBundle: await sharedWorkflowBundle(),
    ...unreplayable,
  })
  const running = worker.run()
  async function startSender() {
    const activities = deliveryActivities(world.dependencies)
    const sender = await Worker.create({
      connection,
      dataConverter: converter,
      taskQueue: deliveryTaskQueue,
      activities: { ...activities },
    })
    const done = sender.run()
    return async () => {
      sender.shutdown()
      await done
    }
  }
  const client = new Client({ connection: clientConnection, dataConverter: converter })
  let stopSender = await startSender()
  onTestFinished(async () => {
    worker.shutdown()
    await Promise.all([stopSender(), running])
  })
  return {
    client,
    deliveries: temporalDeliveries(client),
    /** Lets time pass until the workflow has come to its end. */
    async result(id: string) {
      const handle = client.workflow.getHandle(webHookDeliveryId(id, 0))
      while ((await handle.describe()).status.name === 'RUNNING') await environment().sleep('1 hour')
      await handle.result()
    },
    stopSender: () => stopSender(),
    async startSender() {
      stopSender = await startSender()
    },
  }
}

async function message(world: WebHookWorld): Promise<string> {
  await world.failedRequest()
  const [first] = await world.outbox()
  return first?.id ?? ''
}

describe('the workflow of a delivery', () => {
  test('tries for three days, and gives up then, which the log says', async () => {
    const world = await webHookWorld()
    const { webHookId } = await world.hook()
    const id = await message(world)
    world.receiver.answer = answering(500, 'no')
    const { deliveries, result } = await startDeliveries(world)
    const begun = await environment().currentTimeMs()
    await deliveries.deliverToWebHook(id, 0)
    await result(id)
    const days = ((await environment().currentTimeMs()) - begun) / 86_400_000
    expect(days).toBeGreaterThanOrEqual(3)
    expect(days).toBeLessThan(3.2)
    const kept = await world.test.dependencies.webHooks.deliveries.attempts(id)
    expect(kept.length).toBe(world.receiver.received.length)
    expect(kept.length).toBeGreaterThan(10)
    expect(kept.length).toBeLessThan(25)
    expect(new Set(world.receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]))
    expect(await world.events(webHookId)).toEqual(['WebHookCreated', 'WebHookDeliveryAbandoned'])
  })

  test('delivers once to a receiver that was down for an hour, whoever was killed in between', async () => {
    const world = await webHookWorld()
    await world.hook({ authorization: 'Bearer canary-42' })
    const id = await message(world)
    const payloads: string[] = []
    const started = await startDeliveries(world, (text) => payloads.push(text))
    const begun = await environment().currentTimeMs()
    const isDown = async () => (await environment().currentTimeMs()) - begun < 3_600_000
    world.receiver.answer = async (response) => answering((await isDown()) ? 503 : 200)(response)
    await started.deliveries.deliverToWebHook(id, 0)
    // Started once more by a dispatcher that was ended before it knew that it had.
    await started.deliveries.deliverToWebHook(id, 0)
    await started.stopSender()
    await started.startSender()
    await started.result(id)
    await started.deliveries.deliverToWebHook(id, 0)
    const kept = await world.test.dependencies.webHooks.deliveries.attempts(id)
    expect(kept.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(kept.at(-1)).toMatchObject({ status: 200 })
    expect(kept.length).toBe(world.receiver.received.length)
    expect(payloads.length).toBeGreaterThan(0)
    for (const secret of ['canary-42', 'whsec_', 'OrganizationId', '127.0.0.1'])
      expect(payloads.join('\n')).not.toContain(secret)
  })

  test('makes the same attempt again when its process failed, and takes what was kept for made', async () => {
    const world = await webHookWorld()
    await world.hook()
    const id = await message(world)
    const { notifications } = world.dependencies
    let failures = 3
    const failing: WebHookWorld = {
      ...world,
      dependencies: {
        ...world.dependencies,
        notifications: {
          ...notifications,
          async record(...kept) {
            await notifications.record(...kept)
            failures -= 1
            // It is kept, and nobody hears of it.
            if (failures > 0) throw new Error('The process ends.')
          },
        },
      },
    }
    const { deliveries, result } = await startDeliveries(failing)
    await deliveries.deliverToWebHook(id, 0)
    await result(id)
    expect(world.receiver.received).toHaveLength(1)
    expect(await notifications.find(id)).toMatchObject({ status: 'delivered', attempts: 1 })
  })
})
