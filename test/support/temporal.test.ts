import { Client, Connection } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { expect, test } from 'vitest'
import { useTemporalServer, useTimeSkipping } from './temporal.ts'
import { waitForAMonth, wake } from './temporal-test-workflow.ts'

const workflowsPath = new URL('temporal-test-workflow.ts', import.meta.url).pathname
const timeSkipping = useTimeSkipping()
const server = useTemporalServer()

test('in the test server a month passes in a moment', async () => {
  const { client, nativeConnection } = timeSkipping()
  const worker = await Worker.create({ connection: nativeConnection, taskQueue: 'month', workflowsPath })
  const answer = await worker.runUntil(
    client.workflow.execute(waitForAMonth, { taskQueue: 'month', workflowId: 'month' }),
  )
  expect(answer).toBe('slept')
})

test('the test server takes updates', async () => {
  const { client, nativeConnection } = timeSkipping()
  const worker = await Worker.create({ connection: nativeConnection, taskQueue: 'update', workflowsPath })
  await worker.runUntil(async () => {
    const handle = await client.workflow.start(waitForAMonth, { taskQueue: 'update', workflowId: 'update' })
    expect(await handle.executeUpdate(wake, { args: ['Ada'] })).toBe('woken by Ada')
    expect(await handle.result()).toBe('woken')
  })
})

test('the real server runs the same workflow', async () => {
  const connection = await Connection.connect({ address: server().address })
  const client = new Client({ connection })
  const handle = await client.workflow.start(waitForAMonth, { taskQueue: 'real', workflowId: 'real' })
  expect((await handle.describe()).status.name).toBe('RUNNING')
  await connection.close()
})
