import type { AddressInfo } from 'node:net'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { expect, it } from 'vitest'
import { registerRest } from '../../rest/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { startNginx } from '../support/nginx.ts'
import { until } from '../support/until.ts'

async function start() {
  const server = await startGraphQLServer({ register: (http, _application, rest) => registerRest(http, rest) })
  const nginx = await startNginx((server.fastify.server.address() as AddressInfo).port)
  const authorization = `Bearer ${server.submitter.token}`

  /** Follows a stream of events. */
  async function follow(path: string, headers: Record<string, string> = {}, init: RequestInit = {}) {
    const events: EventSourceMessage[] = []
    const comments: number[] = []
    const answer = await fetch(`${nginx.url}${path}`, { ...init, headers: { authorization, ...headers } })
    const parser = createParser({
      onEvent: (event) => void events.push(event),
      onComment: () => void comments.push(performance.now()),
    })
    const read = async () => {
      const decoder = new TextDecoder()
      for await (const chunk of answer.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }))
    }
    return {
      answer,
      events,
      comments,
      ended: read().then(
        () => 'ended',
        () => 'cut',
      ),
    }
  }
  const base = `/Api/v1/${server.organizationId}`
  return { server, nginx, follow, base, authorization }
}

it('passes each event on at once, by REST and by GraphQL, and clients go on where they were when it was restarted', async () => {
  const { server, nginx, follow, base } = await start()
  const id = await server.submit()
  await server.caughtUp()
  const body = JSON.stringify({ query: `subscription { signingRequest(id: "${id}") { status } }` })
  const [one, all, graphql] = await Promise.all([
    follow(`${base}/SigningRequests/${id}/Events`),
    follow(`${base}/SigningRequests/Events`),
    follow('/graphql', { accept: 'text/event-stream', 'content-type': 'application/json' }, { method: 'POST', body }),
  ])
  const streams = [one, all, graphql]
  expect(streams.map(({ answer }) => answer.status)).toEqual([200, 200, 200])
  await until('each has begun', () => streams.every(({ events }) => events.length === 1))
  await server.plan(id)
  // Kept back by a proxy, it would come with what follows, and nothing does.
  await until('all have heard of the plan', () => streams.every(({ events }) => events.length >= 2))
  const lastSeen = String(all.events.at(-1)?.id)
  await nginx.restart()
  expect(await Promise.all(streams.map(({ ended }) => ended))).toEqual(['cut', 'cut', 'cut'])
  await server.application.denySigningRequest(
    await server.application.authenticate({ apiToken: server.approvers[0].token }, '192.0.2.1'),
    { signingRequestId: id, comment: 'no' },
  )
  const again = await follow(`${base}/SigningRequests/Events`, { 'last-event-id': lastSeen })
  // A change that was told as part of a later one may be told once more before.
  const told = () => again.events.slice(1).map(({ data }) => JSON.parse(data) as Record<string, unknown>)
  await until('what was missed is told', () => told().some(({ status }) => status === 'Denied'))
  expect(told().at(-1)).toMatchObject({ signingRequestId: id, status: 'Denied' })
})

it('keeps a stream on which nothing happens, and gives a long poll its answer, for longer than its minute', async () => {
  const { server, nginx, follow, base, authorization } = await start()
  const id = await server.submit()
  await server.caughtUp()
  const stream = await follow(`${base}/SigningRequests/${id}/Events`)
  await until('it has begun', () => stream.events.length === 1)
  const begun = performance.now()
  const poll = await fetch(`${nginx.url}${base}/SigningRequests/${id}/Status?waitForFinal=60`, {
    headers: { authorization },
  })
  expect([poll.status, await poll.json()]).toEqual([200, expect.objectContaining({ isFinalStatus: false })])
  await until('more than a minute is over', () => performance.now() - begun > 70_000, 80_000)
  expect(stream.comments.length).toBeGreaterThanOrEqual(4)
  await server.plan(id)
  await until('the change is told', () => stream.events.length >= 2)
})
