import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { attemptWebHookDelivery } from '../../activities/attempt-web-hook-delivery.ts'
import { streams } from '../../domain/index.ts'
import { EventLogError } from '../../event-log/index.ts'
import { followLog } from '../../notifications/index.ts'
import { webHookChannel } from '../../notifications/web-hooks/index.ts'
import { keptAnswer } from '../../notifications/web-hooks/kept-answer.ts'
import { openOutgoing } from '../../outgoing/index.ts'
import { fixedUuid } from '../support/submission.ts'
import { until } from '../support/until.ts'
import { answering } from '../support/web-hook-receiver.ts'
import { webHookWorld } from '../support/web-hook-world.ts'
import { refusedTarget } from '../support/web-hooks.ts'

async function withMessage(input: Parameters<Awaited<ReturnType<typeof webHookWorld>>['hook']>[0] = {}) {
  const world = await webHookWorld()
  const hook = await world.hook(input)
  const signingRequestId = await world.failedRequest()
  const [message] = await world.outbox()
  if (message === undefined) throw new Error('Nothing is to be sent.')
  const attempts = () => world.test.dependencies.webHooks.deliveries.attempts(message.id)
  const delivery = () => world.test.dependencies.webHooks.deliveries.find(message.id)
  return { ...world, hook, signingRequestId, id: message.id, attempts, delivery }
}

const signatureOf = (secret: string, id: unknown, timestamp: unknown, body: string) =>
  `v1,${createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64')}`

describe('a message to a web hook', () => {
  test('has the known form, the Authorization value as it is given, and a signature over the bytes that are sent', async () => {
    const {
      receiver,
      attempt,
      id,
      hook,
      signingRequestId,
      test: app,
      attempts,
      delivery,
    } = await withMessage({
      authorization: 'Basic  dXNlcjpw',
    })
    receiver.answer = answering(200, 'thanks')
    expect(await attempt(id)).toEqual({ next: 'nothing', end: 'delivered' })
    const [message, ...others] = receiver.received
    expect(others).toEqual([])
    if (message === undefined) throw new Error('Nothing came.')
    const { organizationId } = app.setup
    expect(message).toMatchObject({ method: 'POST', path: '/hook' })
    expect(JSON.parse(message.body)).toMatchObject({
      OrganizationId: organizationId,
      SigningRequestId: signingRequestId,
      Status: 'Failed',
      WorkflowStatus: 'ProcessingFailed',
      EventType: 'signingRequest.failed',
    })
    expect(Object.keys(JSON.parse(message.body)).slice(0, 3)).toEqual(['OrganizationId', 'SigningRequestId', 'Status'])
    const { headers } = message
    expect(headers).toMatchObject({
      authorization: 'Basic  dXNlcjpw',
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Date.parse(app.clock.now) / 1000),
    })
    expect(headers['webhook-signature']).toBe(signatureOf(hook.secret, id, headers['webhook-timestamp'], message.body))
    expect(await attempts()).toMatchObject([{ status: 200, answer: 'thanks', failure: null, url: receiver.url }])
    expect(await delivery()).toMatchObject({ status: 'delivered', attemptCount: 1, body: message.body })
  })

  test('is signed with both secrets while one is replaced', async () => {
    const { receiver, attempt, id, hook, administrator, test: app } = await withMessage()
    const { webHookId } = hook
    const previousSecretValidUntil = '2026-03-01T13:00:00.000Z'
    const next = await app.application.rotateWebHookSecret(administrator, {
      webHookId,
      previousSecretValidUntil,
      secret: null,
    })
    await attempt(id)
    const [message] = receiver.received
    const sign = (secret: string) => signatureOf(secret, id, message?.headers['webhook-timestamp'], message?.body ?? '')
    expect(message?.headers['webhook-signature']).toBe(`${sign(next.secret)} ${sign(hook.secret)}`)
    expect(app.secrets.size).toBe(2)
  })

  test.each([
    [500, {}, 4_000, 6_000],
    [302, { location: 'https://elsewhere.example/' }, 4_000, 6_000],
    [429, {}, 300_000, 360_000],
    [503, { 'retry-after': '120' }, 120_000, 120_000],
    [503, { 'retry-after': '999999' }, 43_200_000, 43_200_000],
    [404, {}, 4_000, 6_000],
  ])('is tried again after %i with %j', async (status, headers, least, most) => {
    const { receiver, attempt, id, attempts, delivery } = await withMessage()
    receiver.answer = answering(status, 'no', headers)
    const after = await attempt(id)
    expect(after).toMatchObject({ next: 'attempt' })
    const { pauseMs } = after as { readonly pauseMs: number }
    expect(pauseMs).toBeGreaterThanOrEqual(least)
    expect(pauseMs).toBeLessThanOrEqual(most)
    expect(await attempts()).toMatchObject([{ status, failure: `HTTP_${status}`, answer: 'no' }])
    expect(await delivery()).toMatchObject({ status: 'underWay', nextAttemptAt: expect.any(String) })
    expect(receiver.received).toHaveLength(1)
  })

  test('is kept with the first 4 KB of the answer, and with nothing that was secret in it', async () => {
    const { receiver, attempt, id, attempts } = await withMessage({ authorization: 'Bearer canary-4711' })
    receiver.answer = (response, { headers }) =>
      void response.writeHead(400).end(`${headers.authorization} ${headers['webhook-signature']} ${'é'.repeat(10_000)}`)
    await attempt(id)
    const [{ answer } = { answer: null }] = await attempts()
    expect(answer).not.toContain('canary-4711')
    expect(answer?.length).toBeLessThan(4_097)
    expect(answer).toMatch(/^\[removed\] \[removed\] é+/)
  })

  test.each([
    ['where 4 KB end', 'Bearer canary-4711', (sent: string) => `${'x'.repeat(4_090)}${sent} more`],
    ['where the answer ends', 'Bearer canary-4711', (sent: string) => `got ${sent.slice(0, 13)}`],
    ['as JSON', 'Bearer canary"4711\\', (sent: string) => JSON.stringify({ authorization: sent })],
    ['without its encoding', `Basic ${Buffer.from('user:canary-4711').toString('base64')}`, () => 'user:canary-4711?'],
    [
      'by its password alone',
      `Basic ${Buffer.from('user:canary-4711').toString('base64')}`,
      () => 'canary-4711: wrong',
    ],
    ['in an address', 'Bearer canary 4711/', (sent: string) => `/?token=${encodeURIComponent(sent.slice(7))}`],
  ])('is kept without what was secret in the answer, also %s', async (_, authorization, answerTo) => {
    const body = async function* () {
      yield Buffer.from(answerTo(authorization))
    }
    const kept = await keptAnswer({ body: body(), discard: () => undefined }, [authorization])
    expect(kept).not.toMatch(/canary|Bearer c/)
    expect(kept).toContain('[removed]')
    expect(kept.length).toBeLessThanOrEqual(4_096 + '[removed]'.length)
  })

  test('is not known to a store that was lost, which is no end of it', async () => {
    const { attempt } = await withMessage()
    expect(await attempt(fixedUuid('f'))).toEqual({ next: 'same', isUnknown: true })
  })

  test('counts as delivered by the head of the answer, however its end fails to come', async () => {
    const { receiver, attempt, id, delivery } = await withMessage()
    receiver.answer = (response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('part', () => response.destroy())
    }
    expect(await attempt(id)).toMatchObject({ next: 'nothing' })
    expect(await delivery()).toMatchObject({ status: 'delivered' })
  })

  test('is not sent again by an attempt that is kept, and says the same', async () => {
    const { receiver, attempt, id } = await withMessage()
    receiver.answer = answering(500)
    const first = await attempt(id)
    expect(await attempt(id)).toEqual(first)
    expect(receiver.received).toHaveLength(1)
    receiver.answer = answering(200)
    await attempt(id, 2)
    expect(await attempt(id, 3)).toMatchObject({ next: 'nothing' })
    expect(receiver.received).toHaveLength(2)
  })

  test('turns the web hook off when the receiver is gone, once, and nothing else is sent', async () => {
    const { receiver, attempt, id, hook, events, failedRequest, outbox, dependencies, delivery } = await withMessage()
    await failedRequest()
    const [, other] = await outbox()
    receiver.answer = answering(410, 'gone')
    // The process ends after the attempt is kept and before the log says so: the next try of it does.
    const log = { ...dependencies.log, append: async () => Promise.reject(new Error('The process ends.')) }
    const wanted = { id, round: 0, attempt: 1, remainingMs: 1_000_000 }
    await expect(attemptWebHookDelivery({ ...dependencies, log }, wanted)).rejects.toThrow('The process ends.')
    expect(await attempt(id)).toMatchObject({ next: 'nothing' })
    expect(await attempt(id)).toMatchObject({ next: 'nothing' })
    expect(await events(hook.webHookId)).toEqual(['WebHookCreated', 'WebHookDisabled'])
    expect(await delivery()).toMatchObject({ status: 'canceled' })
    expect(await attempt(other?.id ?? '')).toMatchObject({ next: 'nothing' })
    expect(receiver.received).toHaveLength(1)
  })

  test('is given up when its time is over, which the log says once a day', async () => {
    const { receiver, attempt, id, hook, events, failedRequest, outbox, delivery, attempts } = await withMessage()
    await failedRequest()
    receiver.answer = answering(503)
    expect(await attempt(id, 1, 0, 0)).toMatchObject({ next: 'nothing' })
    const other = (await outbox()).find((each) => each.id !== id)
    await attempt(other?.id ?? '', 1, 0, 0)
    expect(await events(hook.webHookId)).toEqual(['WebHookCreated', 'WebHookDeliveryAbandoned'])
    expect(await delivery()).toMatchObject({ status: 'abandoned' })
    expect(await attempts()).toHaveLength(1)
  })

  test('leaves nothing but a text where the address may not be called any more', async () => {
    const { attempt, id, attempts, dependencies } = await withMessage()
    const strict = openOutgoing({ allowHttp: true })
    const call = (url: string, request: Parameters<typeof strict.request>[1]) => strict.request(url, request)
    await attemptWebHookDelivery({ ...dependencies, call }, { id, round: 0, attempt: 1, remainingMs: 1_000_000 })
    await strict.close()
    const [kept] = await attempts()
    expect(kept).toMatchObject({ status: null, answer: null, failure: 'OUTGOING_ADDRESS_REFUSED', durationMs: 0 })
    expect(kept?.message).not.toContain('127.0.0.1')
    expect(await attempt(id, 2)).toMatchObject({ next: 'nothing' })
  })

  test('waits for its turn while its web hook gets as many as it may, and others do not', async () => {
    const { receiver, attempt, id, failedRequest, outbox, dependencies } = await withMessage()
    const held: (() => void)[] = []
    receiver.answer = (response) => void held.push(() => response.writeHead(200).end())
    for (let more = 0; more < 4; more += 1) await failedRequest()
    const messages = (await outbox()).map((each) => each.id).filter((each) => each !== id)
    const under = messages.slice(0, 4).map((each) => attempt(each))
    await until('four are under way', () => held.length === 4)
    expect(await attempt(id)).toEqual({ next: 'same' })
    expect(dependencies.limit.enter('another')).toBeTypeOf('function')
    for (const release of held) release()
    await Promise.all(under)
    receiver.answer = answering(200)
    expect(await attempt(id)).toMatchObject({ next: 'nothing' })
  })
})

describe('what a web hook is told', () => {
  test('is what happens after it came to be, to its project, of the kinds that it names, while it is enabled', async () => {
    const { test: app, hook, failedRequest, outbox, administrator } = await webHookWorld()
    await failedRequest()
    const { webHookId } = await hook({ eventTypes: ['failed', 'submitted'] })
    await hook({ eventTypes: ['completed'] })
    const { projectId } = await app.application.createProject(administrator, {
      slug: 'other',
      name: 'Other',
      description: null,
      repositoryUrl: null,
    })
    await hook({ projectId, eventTypes: ['failed'] })
    const told = await failedRequest()
    await app.application.disableWebHook(administrator, { webHookId, reason: null })
    await failedRequest()
    await app.application.enableWebHook(administrator, { webHookId })
    const [first, second, ...others] = (await outbox()).map(({ content }) => JSON.parse(content))
    expect([first, second].map(({ eventType }) => eventType).toSorted()).toEqual(['failed', 'submitted'])
    expect(first).toMatchObject({ webHookId, signingRequestId: told })
    expect(others).toEqual([])
  })

  test.each(['EVENT_LOG_CORRUPT', 'EVENT_LOG_UNTRUSTED'] as const)(
    'is nothing of a stream with %s, and the others go on',
    async (code) => {
      const { test: app, hook, failedRequest, dependencies } = await webHookWorld()
      await hook()
      const damaged = streams.signingRequest(await failedRequest())
      const sound = await failedRequest()
      const { log, now } = app.dependencies
      const passedOver: string[] = []
      const channel = webHookChannel({
        log: {
          readStream(streamId, ...more) {
            if (streamId === damaged) throw new EventLogError(code, 'The stream is damaged.')
            return log.readStream(streamId, ...more)
          },
        },
        now,
        onPassedOver: ({ streamId }) => passedOver.push(streamId),
      })
      const following = followLog({ log, store: dependencies.notifications, now }, channel)
      await following.drain()
      await following.close()
      const told = await dependencies.notifications.startable('webHooks', 10)
      expect(told.map(({ content }) => JSON.parse(content).signingRequestId)).toEqual([sound])
      expect(passedOver).toEqual([damaged])
    },
  )

  test('is not what happened long before a store was lost', async () => {
    const { test: app, hook, failedRequest, outbox } = await webHookWorld()
    await hook()
    await failedRequest()
    app.clock.now = '2026-03-05T12:00:00.000Z'
    const recent = await failedRequest()
    const [message, ...others] = await outbox()
    expect(others).toEqual([])
    expect(JSON.parse(message?.content ?? '')).toMatchObject({ signingRequestId: recent })
  })

  test('is not sent again when the log is followed anew, though somebody asked for that once', async () => {
    const { attempt, id, test: app, administrator, outbox, delivery } = await withMessage()
    await attempt(id)
    await app.application.resendWebHookDelivery(administrator, { deliveryId: id })
    await outbox()
    await attempt(id, 1, 1)
    await app.webHooks.notifications.beginAnew('webHooks', app.clock.now)
    expect(await outbox()).toEqual([])
    expect(await delivery()).toMatchObject({ status: 'delivered', attemptCount: 2 })
  })

  test('costs nothing more of a web hook that was deleted: the channel forgets it', async () => {
    const { hook, test: app, administrator, outbox } = await webHookWorld()
    const [{ webHookId }, other] = [await hook(), await hook()]
    await app.application.deleteWebHook(administrator, { webHookId, basedOnRevision: 0 })
    await outbox()
    const { organizationId } = administrator
    const known = (await app.webHooks.notifications.recall('webHooks', [organizationId])).get(organizationId)
    expect(Object.keys(JSON.parse(known ?? '{}'))).toEqual([other.webHookId])
  })

  test('is sent again when somebody asks for it, as the same message', async () => {
    const { receiver, attempt, id, test: app, administrator, outbox, delivery } = await withMessage()
    const resend = () => app.application.resendWebHookDelivery(administrator, { deliveryId: id })
    await expect(resend()).rejects.toMatchObject({ code: 'WEB_HOOK_DELIVERY_UNDER_WAY' })
    await attempt(id)
    await resend()
    await resend()
    const [again] = await outbox()
    expect(again).toMatchObject({ id, round: 1 })
    await attempt(id, 1, 1)
    expect(receiver.received.map(({ headers, body }) => [headers['webhook-id'], body])).toEqual(
      [1, 2].map(() => [id, receiver.received[0]?.body]),
    )
    expect(await delivery()).toMatchObject({ status: 'delivered', attemptCount: 2 })
    // What the workflow of the round before asks for late.
    expect(await attempt(id, 9, 0)).toMatchObject({ next: 'nothing' })
  })
})

describe('the address of a web hook', () => {
  test('is checked when it is created, changed and enabled, and a refusal leaves nothing', async () => {
    const { test: app, hook, administrator } = await webHookWorld()
    await expect(hook({ url: refusedTarget })).rejects.toMatchObject({ code: 'OUTGOING_ADDRESS_REFUSED' })
    expect(app.secrets.size).toBe(0)
    const { webHookId } = await hook({ url: 'https://hooks.example/', authorization: 'Bearer first' })
    const settings = { webHookId, name: 'Hook', eventTypes: ['failed'] as const }
    await expect(
      app.application.updateWebHook(administrator, { ...settings, basedOnRevision: 0, url: refusedTarget }),
    ).rejects.toMatchObject({ code: 'OUTGOING_ADDRESS_REFUSED' })
    await app.application.disableWebHook(administrator, { webHookId, reason: null })
    const before = app.webHooks.checked.length
    await app.application.enableWebHook(administrator, { webHookId })
    expect(app.webHooks.checked.slice(before)).toEqual(['https://hooks.example/'])
  })
})

describe('what is secret about a web hook', () => {
  test('is kept outside of the log, replaced and forgotten with what names it', async () => {
    const { test: app, hook, administrator } = await webHookWorld()
    const { webHookId, secret } = await hook({ url: 'https://hooks.example/', authorization: 'Bearer canary-1' })
    const kept = () => [...app.secrets.values()].toSorted()
    expect(kept()).toEqual(['Bearer canary-1', secret].toSorted())
    const settings = { webHookId, name: 'Hook', url: 'https://hooks.example/', eventTypes: ['failed'] as const }
    await app.application.updateWebHook(administrator, { ...settings, basedOnRevision: 0 })
    expect(kept()).toContain('Bearer canary-1')
    await app.application.updateWebHook(administrator, {
      ...settings,
      basedOnRevision: 1,
      authorization: 'Bearer canary-2',
    })
    expect(kept()).toEqual(['Bearer canary-2', secret].toSorted())
    await expect(
      app.application.updateWebHook(administrator, {
        ...settings,
        basedOnRevision: 0,
        authorization: 'Bearer canary-3',
      }),
    ).rejects.toMatchObject({ code: 'CHANGE_STALE' })
    expect(kept()).not.toContain('Bearer canary-3')
    const given = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
    const rotated = await app.application.rotateWebHookSecret(administrator, {
      webHookId,
      previousSecretValidUntil: null,
      secret: given,
    })
    expect([rotated.secret, kept()]).toEqual([given, ['Bearer canary-2', given].toSorted()])
    await app.application.deleteWebHook(administrator, { webHookId })
    expect(kept()).toEqual([])
    let text = ''
    for await (const batch of app.dependencies.log.readAll()) text += JSON.stringify(batch)
    for (const value of ['canary', given, secret]) expect(text).not.toContain(value)
  })
})
