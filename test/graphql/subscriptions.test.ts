import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { type Subscriber, subscribeBySse, subscribeByWebSocket } from '../support/graphql-subscriber.ts'
import { until } from '../support/until.ts'
import { recordUnusualFinding } from '../support/unusual-finding.ts'
import { happens } from '../support/user-events.ts'

const requestQuery =
  'subscription ($id: ID!) { signingRequest(id: $id) { workflowStatus approvals { approver { name } } } }'
const changesQuery = `subscription ($filter: SigningRequestFilter, $after: LogPosition) {
  signingRequestsChanged(filter: $filter, after: $after) { signingRequestId status } }`
const eventsQuery = 'subscription ($after: LogPosition) { events(after: $after) { eventId type position } }'

const transports = [
  ['server-sent events', subscribeBySse],
  ['graphql-transport-ws', async (...args: Parameters<typeof subscribeByWebSocket>) => subscribeByWebSocket(...args)],
] as const

type Subscribe = (
  url: string,
  token: string,
  query: string,
  variables?: Readonly<Record<string, unknown>>,
) => Promise<Subscriber>

describe.each(transports)('subscriptions by %s', (_name, transport) => {
  const subscribe = transport as Subscribe

  it('follow a request from its present state to its end', async () => {
    const server = await startGraphQLServer()
    const [anna, bert] = server.approvers
    const id = await server.submit()
    const planDigest = await server.plan(id)
    await server.caughtUp()
    const subscriber = await subscribe(server.url, server.submitter.token, requestQuery, { id })
    expect((await subscriber.count(1))[0]).toEqual({
      data: { signingRequest: { workflowStatus: 'WaitingForApproval', approvals: [] } },
    })
    await server.tell(id, { type: 'Approve', groups: [], approver: anna.userId, planDigest, comment: null })
    expect((await subscriber.count(2))[1]?.data.signingRequest.approvals).toEqual([{ approver: { name: 'Anna' } }])
    await server.tell(id, { type: 'Approve', groups: [], approver: bert.userId, planDigest, comment: null })
    await server.complete(id, planDigest)
    await until('the end', subscriber.completed)
    expect(subscriber.results.at(-1)?.data.signingRequest.workflowStatus).toBe('Completed')
    expect(subscriber.failure()).toBeUndefined()
  })

  it('say that a request does not exist', async () => {
    const server = await startGraphQLServer()
    const subscriber = await subscribe(server.url, server.submitter.token, requestQuery, { id: server.projectId })
    const [result] = await subscriber.count(1)
    expect(result?.errors?.[0]?.extensions.code).toBe('SIGNING_REQUEST_NOT_FOUND')
    await until('the end', subscriber.completed)
  })

  it('deliver what was found of unusual activity, and what is found, to whom may see it', async () => {
    const server = await startGraphQLServer()
    const finding = {
      organizationId: server.organizationId,
      userId: server.submitter.userId,
      signingPolicyId: server.releasePolicyId,
    }
    await recordUnusualFinding(server.log, finding)
    await server.caughtUp()
    const query = 'subscription ($after: LogPosition) { unusualActivity(after: $after) { rule position } }'
    const all = await subscribe(server.url, server.auditor.token, query)
    const [first] = await all.count(1)
    const position = first?.data.unusualActivity.position
    const later = await subscribe(server.url, server.auditor.token, query, { after: position })
    const refused = await subscribe(server.url, server.submitter.token, query)
    expect((await refused.count(1))[0]?.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    await server.submit()
    await recordUnusualFinding(server.log, { ...finding, facts: { rule: 'newNetwork' } as never })
    expect((await later.count(1))[0]?.data.unusualActivity.rule).toBe('newNetwork')
    expect((await all.count(2)).map(({ data }) => data.unusualActivity.rule)).toEqual(['unusualHour', 'newNetwork'])
  })

  it('deliver each event of the log once, from a position and live', async () => {
    const server = await startGraphQLServer()
    const before = await server.log.head()
    const first = await server.submit()
    const subscriber = await subscribe(server.url, server.auditor.token, eventsQuery, { after: before })
    const all = await subscribe(server.url, server.administrator.token, eventsQuery)
    await subscriber.count(1)
    await server.plan(first)
    const more = await Promise.all([server.submit(), server.submit('test-signing')])
    for (const id of more) await server.plan(id)

    const logged: string[] = []
    const recorded: string[] = []
    for await (const events of server.log.readAll(before === undefined ? {} : { after: before }))
      logged.push(...events.map(({ id }) => id))
    for await (const events of server.log.readAll()) recorded.push(...events.map(({ id }) => id))
    await subscriber.count(logged.length)
    await all.count(recorded.length)
    expect(subscriber.results.map(({ data }) => data.events.eventId)).toEqual(logged)
    expect(all.results.map(({ data }) => data.events.eventId)).toEqual(recorded)
  })

  it('tell of requests that match, first as they are and then as they change', async () => {
    const server = await startGraphQLServer()
    const old = await server.submit('test-signing')
    await server.submit('release-signing')
    await server.caughtUp()
    const filter = { project: 'demo', signingPolicy: 'test-signing' }
    const everything = await subscribe(server.url, server.submitter.token, changesQuery, { filter })
    const after = await server.log.head()
    const changes = await subscribe(server.url, server.submitter.token, changesQuery, { filter, after })
    await everything.count(1)
    await server.submit('release-signing')
    const fresh = await server.submit('test-signing')
    await server.tell(fresh, { type: 'Cancel', canceledBy: server.submitter.userId, reason: null })
    await until('the last state', () => everything.results.at(-1)?.data.signingRequestsChanged.status === 'Canceled')
    await until('the last state', () => changes.results.at(-1)?.data.signingRequestsChanged.status === 'Canceled')
    const idsOf = ({ results }: Subscriber) => [
      ...new Set(results.map(({ data }) => data.signingRequestsChanged.signingRequestId)),
    ]
    expect(idsOf(everything)).toEqual([old, fresh])
    expect(idsOf(changes)).toEqual([fresh])
  })

  it('refuse the audit log to regular users, and to those who lost the role while they followed', async () => {
    const server = await startGraphQLServer()
    const refused = await subscribe(server.url, server.submitter.token, eventsQuery)
    await until('the refusal', () => refused.results.length > 0 || refused.failure() !== undefined)
    expect(JSON.stringify([refused.results, refused.failure()])).toContain('FORBIDDEN')

    const subscriber = await subscribe(server.url, server.auditor.token, eventsQuery, {
      after: await server.log.head(),
    })
    await server.submit()
    await subscriber.count(1)
    await happens(server, server.auditor, 'GlobalRoleWithdrawn')
    await until('the end', subscriber.completed)
    expect(subscriber.results.map(({ data, errors }) => errors?.[0]?.extensions.code ?? data.events.type)).toEqual([
      'SigningRequestSubmitted',
      'FORBIDDEN',
    ])
  })

  it('end when the token is revoked, also where nothing else happens', async () => {
    const server = await startGraphQLServer()
    const id = await server.submit()
    await server.caughtUp()
    const subscriber = await subscribe(server.url, server.approvers[0].token, requestQuery, { id })
    await subscriber.count(1)
    await happens(server, server.approvers[0], 'ApiTokenRevoked')
    await until('the end', subscriber.completed)
    expect(subscriber.results.at(-1)?.errors?.[0]?.extensions.code).toBe('TOKEN_REVOKED')
    await server.plan(id)
    await server.caughtUp()
    expect(subscriber.results).toHaveLength(2)
  })

  it('end when the server closes', async () => {
    const server = await startGraphQLServer()
    const id = await server.submit()
    await server.caughtUp()
    const subscriber = await subscribe(server.url, server.submitter.token, requestQuery, { id })
    await subscriber.count(1)
    await server.fastify.close()
    await until('the end', () => subscriber.completed() || subscriber.failure() !== undefined)
  })

  it('leave nothing waiting behind when the client goes away', async () => {
    let following = 0
    const server = await startGraphQLServer()
    const { follow } = server.readModel
    server.readModel.follow = async function* (...args) {
      following += 1
      try {
        yield* follow(...args)
      } finally {
        following -= 1
      }
    }
    const id = await server.submit()
    await server.caughtUp()
    const subscriber = await subscribe(server.url, server.submitter.token, requestQuery, { id })
    await subscriber.count(1)
    await until('it follows', () => following === 1)
    subscriber.end()
    await until('nobody follows', () => following === 0)
  })
})

describe('WebSocket connections', () => {
  it('answer queries and mutations too, each by its own right', async () => {
    const server = await startGraphQLServer()
    const query = subscribeByWebSocket(server.url, server.submitter.token, '{ viewer { name } }')
    await until('the answer', query.completed)
    expect(query.results).toEqual([{ data: { viewer: { name: 'Sam Submitter' } } }])
    const deep = `${'{ project(slug: "demo") { '.padEnd(26) + 'signingPolicies { project { '.repeat(7)}slug${' }'.repeat(16)}`
    const tooDeep = subscribeByWebSocket(server.url, server.submitter.token, deep)
    await until('the refusal', () => tooDeep.failure() !== undefined || tooDeep.completed())
    const told = JSON.stringify([tooDeep.failure(), tooDeep.results])
    expect(told).toContain('QUERY_TOO_DEEP')
    expect(told).not.toContain('"http"')
    const invalid = subscribeByWebSocket(server.url, server.submitter.token, '{ noSuchField }')
    await until('the refusal', () => invalid.failure() !== undefined)
    expect(JSON.stringify(invalid.failure())).toContain('GRAPHQL_VALIDATION_FAILED')
  })

  it('are closed with 4401 when nobody or nobody known connects', async () => {
    const server = await startGraphQLServer()
    for (const token of [undefined, 'nonsense']) {
      const subscriber = subscribeByWebSocket(server.url, token, '{ viewer { name } }')
      await until('the refusal', () => subscriber.failure() !== undefined)
      expect(subscriber.failure()).toMatchObject({ code: 4401 })
    }
  })

  it('take the token of the Authorization header', async () => {
    const server = await startGraphQLServer()
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: { authorization: `Bearer ${server.submitter.token}` },
    })
    const messages: string[] = []
    socket.on('message', (message) => messages.push(String(message)))
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('{"type":"connection_init"}')
    await until('the acknowledgement', () => messages.includes('{"type":"connection_ack"}'))
    socket.close()
  })

  it('are refused a revoked token for every new operation', async () => {
    const server = await startGraphQLServer()
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: { authorization: `Bearer ${server.submitter.token}` },
    })
    const messages: string[] = []
    socket.on('message', (message) => messages.push(String(message)))
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('{"type":"connection_init"}')
    await until('the acknowledgement', () => messages.length > 0)
    await happens(server, server.submitter, 'ApiTokenRevoked')
    socket.send('{"id":"1","type":"subscribe","payload":{"query":"{ viewer { name } }"}}')
    await until('the refusal', () => messages.some((message) => message.includes('TOKEN_REVOKED')))
    socket.close()
  })

  it('may have a hundred operations under way, and no more', async () => {
    const server = await startGraphQLServer()
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: { authorization: `Bearer ${server.submitter.token}` },
    })
    const messages: string[] = []
    socket.on('message', (message) => messages.push(String(message)))
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('{"type":"connection_init"}')
    await until('the acknowledgement', () => messages.length > 0)
    const payload = { query: 'subscription { signingRequestsChanged { status } }' }
    for (let id = 0; id <= 100; id += 1) socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload }))
    await until('the refusal', () => messages.some((message) => message.includes('TOO_MANY_OPERATIONS')))
    expect(messages.filter((message) => message.includes('"type":"error"'))).toHaveLength(1)
    socket.close()
  })

  it('on which nobody says who they are end', async () => {
    const server = await startGraphQLServer({ project: false })
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    const code = await new Promise((resolve) => socket.once('close', resolve))
    expect(code).toBe(4408)
  })

  it('at other paths are refused', async () => {
    const server = await startGraphQLServer()
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/elsewhere`, 'graphql-transport-ws')
    const refused = await new Promise((resolve) => socket.once('error', resolve))
    expect(String(refused)).toContain('404')
  })
})
