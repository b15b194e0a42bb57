import { Client } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { afterEach, expect, test } from 'vitest'
import { mailActivities } from '../../activities/index.ts'
import { type MailDependencies, smtpTransport } from '../../notifications/mail/index.ts'
import { newPayloadKey } from '../../server/payload-codec.ts'
import { dataConverter, unreplayable } from '../../server/temporal.ts'
import { mailDeliveryId, mailTaskQueue, workerTaskQueue } from '../../workflows/contract.ts'
import { startMailDelivery } from '../../workflows/mail-deliveries.ts'
import { headersOf, startMailServer, type TestMailServer } from '../support/mail-server.ts'
import { type Mailing, mailing } from '../support/mailing.ts'
import { useTimeSkipping } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { sharedWorkflowBundle } from '../support/workflow-bundle.ts'

const environment = useTimeSkipping()
const sender = { name: 'Countersign', address: 'signing@corp.test' }

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** The worker of the workflows, and processes that send, which a test ends and starts. */
async function temporalOf(world: Mailing) {
  const { nativeConnection: connection, connection: clientConnection } = environment()
  const converter = dataConverter(newPayloadKey())
  const worker = await Worker.create({
    connection,
    dataConverter: converter,
    taskQueue: workerTaskQueue,
    workflowBundle: await sharedWorkflowBundle(),
    ...unreplayable,
  })
  const running = worker.run()
  closing.push(async () => {
    worker.shutdown()
    await running
  })
  const client = new Client({ connection: clientConnection, dataConverter: converter })
  return {
    client,
    /** Starts what sends. @returns ends it, as a process ends that is asked to */
    async sending(dependencies: Partial<MailDependencies> = {}) {
      const activities = { ...mailActivities({ ...world.dependencies, ...dependencies }) }
      const sender = await Worker.create({ connection, dataConverter: converter, taskQueue: mailTaskQueue, activities })
      const done = sender.run()
      const end = async () => {
        if (sender.getState() === 'RUNNING') sender.shutdown()
        await done
      }
      closing.push(end)
      return end
    },
    start: ({ id }: { readonly id: string }) => startMailDelivery(client, id, 0),
    /** Waits until a mail's workflow is over, while days pass. */
    async over({ id }: { readonly id: string }) {
      // The client that lets time pass has no key to read the answer with.
      const unread = await environment().client.workflow.getHandle(mailDeliveryId(id, 0)).result().catch(String)
      expect(unread).toContain('Unknown encoding')
      await client.workflow.getHandle(mailDeliveryId(id, 0)).result()
    },
  }
}

/** An organization in which a mail waits for Cora. */
async function withMail() {
  const world = await mailing()
  const cora = await world.person('Cora', 'globalAdministrator')
  const { userId } = await world.person('Ed')
  await world.test.application.grantGlobalRole(cora, { userId, role: 'globalAdministrator' })
  const [waiting] = await world.collect()
  if (waiting === undefined) throw new Error('No mail was made.')
  return { world, waiting }
}

test('a mail waits while the mail server is down for hours, and is sent once with the id that it always had', async () => {
  const { world, waiting } = await withMail()
  const server = await startMailServer()
  const transport = transportTo(server)
  let attempts = 0
  server.reply = () => (attempts < 9 ? '421 4.3.2 down' : undefined)
  const { sending, start, over } = await temporalOf(world)
  await sending({
    transport: {
      ...transport,
      send: (mail) => {
        attempts += 1
        return transport.send(mail)
      },
    },
  })
  await start(waiting)
  await start(waiting)
  await over(waiting)
  expect(attempts).toBe(9)
  const kept = await world.store.attempts(waiting.id)
  expect(kept.map(({ facts }) => JSON.parse(facts).code ?? 'sent')).toEqual([
    ...Array(8).fill('MAIL_SERVER_UNREACHABLE'),
    'sent',
  ])
  expect(server.mails.map(({ message }) => headersOf(message).get('message-id'))).toEqual([`<${waiting.id}@corp.test>`])
  expect(await world.store.find(waiting.id)).toMatchObject({ status: 'delivered', attempts: 9 })
  expect(await start(waiting)).toBe('delivered')
  expect(server.mails).toHaveLength(1)
}, 120_000)

/** What sends to a server. */
function transportTo({ port, authorities }: TestMailServer) {
  return smtpTransport({ host: '127.0.0.1', port, authorities, security: 'starttls', sender })
}

test('a mail that a greylisting server defers is sent later', async () => {
  const { world, waiting } = await withMail()
  const server = await startMailServer()
  const seen = new Set<string>()
  server.reply = (asked) => {
    if (!asked.startsWith('rcpt ') || seen.has(asked)) return undefined
    seen.add(asked)
    return '450 4.2.0 greylisted'
  }
  const { sending, start, over } = await temporalOf(world)
  await sending({ transport: transportTo(server) })
  await start(waiting)
  await over(waiting)
  expect(server.mails).toHaveLength(1)
  expect(await world.store.find(waiting.id)).toMatchObject({ status: 'delivered', attempts: 2 })
}, 120_000)

test('a mail that the store lost is sent when it is put out again', async () => {
  const { world, waiting } = await withMail()
  const { store } = world
  let isLost = true
  const { sending, start, over, client } = await temporalOf(world)
  await sending({ store: { ...store, find: async (id) => (isLost ? undefined : store.find(id)) } })
  expect(await start(waiting)).toBeUndefined()
  const { workflow } = client
  const ended = workflow.getHandle(mailDeliveryId(waiting.id, 0)).result()
  await expect(ended).rejects.toMatchObject({ cause: { type: 'NOTIFICATION_UNKNOWN' } })
  expect(world.sent).toEqual([])
  isLost = false
  expect(await start(waiting)).toBeUndefined()
  await over(waiting)
  expect(world.sent).toHaveLength(1)
  expect(await start(waiting)).toBe('delivered')
}, 120_000)

test('a mail that is refused for good is dead, and told of', async () => {
  const { world, waiting } = await withMail()
  const server = await startMailServer()
  server.reply = (asked) => (asked.startsWith('rcpt ') ? '550 5.1.1 nobody' : undefined)
  const { sending, start, over } = await temporalOf(world)
  await sending({ transport: transportTo(server) })
  await start(waiting)
  await over(waiting)
  expect(server.mails).toEqual([])
  expect(await world.store.find(waiting.id)).toMatchObject({ status: 'abandoned', attempts: 1 })
  expect(world.answers).toEqual([{ outcome: 'refused', code: 'MAIL_REFUSED', reply: '550 5.1.1' }])
}, 120_000)

test('a mail that was taken is not sent again, though the process ended before Temporal heard of it', async () => {
  const { world, waiting } = await withMail()
  const { sending, start, over } = await temporalOf(world)
  let lost = 0
  await sending({
    onAnswer: () => {
      // Kept, and then the process ends: Temporal asks somebody for the same attempt.
      if (lost++ === 0) throw new Error('the process was killed')
    },
  })
  await start(waiting)
  await over(waiting)
  expect(world.sent).toHaveLength(1)
  expect(await world.store.find(waiting.id)).toMatchObject({ status: 'delivered', attempts: 1 })
}, 120_000)

test('a mail waits for a process that can send, and what Temporal keeps of it is an id', async () => {
  const { world, waiting } = await withMail()
  const { client, sending, start, over } = await temporalOf(world)
  await start(waiting)
  await until('its workflow runs', async () => {
    const { raw } = await client.workflow.getHandle(mailDeliveryId(waiting.id, 0)).describe()
    return (raw.pendingActivities ?? []).length > 0
  })
  expect(world.sent).toEqual([])
  await sending()
  await over(waiting)
  expect(world.sent).toHaveLength(1)
  const history = await client.workflow.getHandle(mailDeliveryId(waiting.id, 0)).fetchHistory()
  const text = JSON.stringify(history)
  for (const secret of ['cora', 'Cora', 'example.test', 'Administrator']) expect(text).not.toContain(secret)
}, 120_000)
