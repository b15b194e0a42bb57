import { randomUUID } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { defaultHttpLimits, type HttpLimits } from '../../http/index.ts'
import { registerRest } from '../../rest/index.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'
import { until } from '../support/until.ts'
import { happens } from '../support/user-events.ts'

type User = { readonly token: string }

/** A service without Temporal: what workers and the signer do, the test says. */
async function start(limits: Partial<HttpLimits> = {}) {
  const http = { limits: { ...defaultHttpLimits, ...limits } }
  const server = await startGraphQLServer({ http, register: (http, _application, rest) => registerRest(http, rest) })
  const call = (method: string, path: string, user: User, body?: object, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/Api/v1/${server.organizationId}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${user.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const get = (path: string, user: User = server.submitter) => call('GET', path, user)
  const post = (path: string, user: User, body?: object) => call('POST', path, user, body)
  const waiting = async () => {
    const id = await server.submit()
    const planDigest = await server.plan(id)
    await server.caughtUp()
    return { id, planDigest }
  }
  const completed = async () => {
    const id = await server.submit('test-signing')
    await server.complete(id, await server.plan(id))
    await server.caughtUp()
    return id
  }
  return { server, call, get, post, waiting, completed }
}

/** Reads server-sent events as they come. */
async function* messages(response: Response) {
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1]
      const data = field('data')
      if (data !== undefined) yield { id: field('id'), event: field('event'), data: JSON.parse(data) }
    }
  }
}

/** What comes until a stream ends. */
async function rest(stream: ReturnType<typeof messages>) {
  const all: { event: string | undefined; data: unknown }[] = []
  for await (const { event, data } of stream) all.push({ event, data })
  return all
}

const approve = (
  server: GraphQLTestServer,
  post: Awaited<ReturnType<typeof start>>['post'],
  id: string,
  which: 0 | 1,
) => post(`/SigningRequests/${id}/Approve`, server.approvers[which])

describe('a signing request by REST', () => {
  it('is described with what its clients know, and with plan, people and links from the configured address', async () => {
    const { server, get, waiting } = await start()
    const { id, planDigest } = await waiting()
    const answer = await get(`/signingrequests/${id}`)
    expect(answer.status).toBe(200)
    const base = `https://signing.example.com/Api/v1/${server.organizationId}/SigningRequests/${id}`
    expect(await answer.json()).toMatchObject({
      signingRequestId: id,
      status: 'WaitingForApproval',
      workflowStatus: 'WaitingForApproval',
      isFinalStatus: false,
      webLink: `https://signing.example.com/signing-requests/${id}`,
      description: 'a build',
      projectSlug: 'demo',
      projectName: 'Demo',
      signingPolicySlug: 'release-signing',
      artifactConfigurationSlug: null,
      submitter: { name: 'Sam Submitter' },
      unsignedArtifactLink: `${base}/UnsignedArtifact`,
      signedArtifactLink: `${base}/SignedArtifact`,
      parameters: {},
      origin: null,
      planDigest,
      requiredApprovals: 2,
      missingApprovals: 2,
      plan: [{ path: ['setup.exe'] }],
      resubmittedFrom: null,
      resubmissions: [],
    })
    const status = await (await get(`/SigningRequests/${id}/Status`)).json()
    expect(status).toMatchObject({
      hasArtifactBeenDownloadedBySignPathInCaseOfArtifactRetrieval: true,
      isFinalStatus: false,
    })
    const early = await get(`/SigningRequests/${id}/SignedArtifact`, server.auditor)
    expect(early.status).toBe(400)
    expect(await early.json()).toMatchObject({
      code: 'SIGNED_ARTIFACT_NOT_READY',
      details: { workflowStatus: 'WaitingForApproval' },
    })
    for (const [unknown, expected] of [
      [randomUUID(), 404],
      ['x', 400],
    ] as const)
      expect((await get(`/SigningRequests/${unknown}/Status`)).status).toBe(expected)
  })

  it('is listed newest first, page by page, as filters ask', async () => {
    const { server, get, waiting, completed } = await start()
    const first = (await waiting()).id
    const second = await completed()
    const third = (await waiting()).id
    const ids = async (query: string) => {
      const answer = await get(`/SigningRequests?${query}`)
      const { signingRequests, nextPageToken } = (await answer.json()) as {
        signingRequests: { signingRequestId: string }[]
        nextPageToken: string | null
      }
      return { ids: signingRequests.map(({ signingRequestId }) => signingRequestId), nextPageToken }
    }
    const page = await ids('pageSize=2')
    expect(page.ids).toEqual([third, second])
    expect(await ids(`pageSize=2&pageToken=${page.nextPageToken}`)).toEqual({ ids: [first], nextPageToken: null })
    expect((await ids('Status=Completed&status=Denied')).ids).toEqual([second])
    expect((await ids('projectSlug=demo&signingPolicySlug=release-signing')).ids).toEqual([third, first])
    expect((await ids('projectSlug=no-such')).ids).toEqual([])
    expect((await ids(`submitterId=${server.submitter.userId}&submittedBefore=2001-01-01T00:00:00Z`)).ids).toEqual([])
    for (const malformed of ['status=Nothing', 'signingPolicySlug=x', 'pageSize=101', 'pageToken=x', 'unknown=1'])
      expect((await get(`/SigningRequests?${malformed}`)).status).toBe(400)
  })
})

describe('decisions by REST', () => {
  it('approve the plan that there is, or the one that is named and no other, and deny and cancel', async () => {
    const { server, post, get, waiting } = await start()
    const { id, planDigest } = await waiting()
    const [anna, bert] = server.approvers
    // As simple clients do: with a content type, and nothing in the body.
    const bare = await fetch(`${server.url}/Api/v1/${server.organizationId}/SigningRequests/${id}/Approve`, {
      method: 'POST',
      headers: { authorization: `Bearer ${anna.token}`, 'content-type': 'application/json' },
    })
    expect([bare.status, await bare.json()]).toMatchObject([200, { workflowStatus: 'WaitingForApproval' }])
    const wrong = await post(`/SigningRequests/${id}/Approve`, bert, { planDigest: 'ab'.repeat(32) })
    expect([wrong.status, (await wrong.json()).code]).toEqual([400, 'PLAN_DIGEST_MISMATCH'])
    const right = await post(`/SigningRequests/${id}/Approve`, bert, { planDigest, comment: 'Tested' })
    expect((await right.json()).workflowStatus).toBe('QueuedForProcessing')
    const { approvals } = await (await get(`/SigningRequests/${id}`)).json()
    expect(approvals).toMatchObject([
      { approver: { name: 'Anna' }, comment: null, counts: true },
      { approver: { name: 'Bert' }, comment: 'Tested', planDigest },
    ])
    const other = await waiting()
    const stranger = await post(`/SigningRequests/${other.id}/Approve`, server.auditor)
    expect([stranger.status, (await stranger.json()).code]).toEqual([403, 'NOT_AN_APPROVER'])
    const denied = await post(`/SigningRequests/${other.id}/Deny`, anna, { Comment: 'Not this one' })
    expect(await denied.json()).toMatchObject({ status: 'Denied', isFinalStatus: true })
    const third = await waiting()
    const canceled = await post(`/SigningRequests/${third.id}/Cancel`, server.submitter)
    expect(await canceled.json()).toMatchObject({ status: 'Canceled', isFinalStatus: true })
  })

  it('approve several requests by one call, answered one by one', async () => {
    const { server, post, waiting } = await start()
    const [one, other] = [await waiting(), await waiting()]
    const approvals = [
      { signingRequestId: one.id, planDigest: one.planDigest },
      { signingRequestId: other.id, planDigest: one.planDigest },
    ]
    const answer = await post('/SigningRequests/Approvals', server.approvers[0], { approvals })
    expect(await answer.json()).toMatchObject({
      answers: [
        { signingRequestId: one.id, isApproved: true, refusal: null },
        { signingRequestId: other.id, isApproved: false, refusal: { code: 'PLAN_DIGEST_MISMATCH', transient: false } },
      ],
    })
  })

  it('take a completed request to another policy, once for each Idempotency-Key', async () => {
    const { server, call, get, completed } = await start()
    const original = await completed()
    const body = { OriginalSigningRequestId: original, SigningPolicySlug: 'release-signing', description: 'Release' }
    const resubmit = () =>
      call('POST', '/SigningRequests/Resubmit', server.submitter, body, { 'idempotency-key': 'release 1' })
    const answer = await resubmit()
    expect(answer.status).toBe(201)
    const { signingRequestId } = await answer.json()
    expect(answer.headers.get('location')).toContain(`/SigningRequests/${signingRequestId}`)
    expect((await (await resubmit()).json()).signingRequestId).toBe(signingRequestId)
    expect(await (await get(`/SigningRequests/${signingRequestId}`)).json()).toMatchObject({
      resubmittedFrom: original,
      signingPolicySlug: 'release-signing',
      description: 'Release',
    })
    const open = await call('POST', '/SigningRequests/Resubmit', server.submitter, {
      originalSigningRequestId: signingRequestId,
      signingPolicySlug: 'release-signing',
    })
    expect([open.status, (await open.json()).code]).toEqual([400, 'EARLIER_REQUEST_NOT_USABLE'])
  })
})

describe('waiting by REST', () => {
  it('answers as soon as the status is final, and at the end of the time with what it is then', async () => {
    const { server, get, post, waiting } = await start()
    const { id } = await waiting()
    expect(await (await get(`/SigningRequests/${id}/Status?waitForFinal=0.05`)).json()).toMatchObject({
      isFinalStatus: false,
    })
    const answers = Promise.all(
      ['Status', ''].map(async (rest) =>
        (await get(`/SigningRequests/${id}/${rest}?waitForFinal=60`.replace('/?', '?'))).json(),
      ),
    )
    await post(`/SigningRequests/${id}/Deny`, server.approvers[0])
    expect(await answers).toMatchObject([{ status: 'Denied' }, { status: 'Denied' }])
    expect((await get(`/SigningRequests/${id}/Status?waitForFinal=61`)).status).toBe(400)
  })

  it('shows the changes of one request as they happen, and ends after the last one', async () => {
    const { server, get, post, waiting } = await start()
    const { id } = await waiting()
    const answer = await get(`/SigningRequests/${id}/Events`)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
      // A proxy that compresses would hold events back.
      'cache-control': 'no-store, no-transform',
    })
    const stream = messages(answer)
    expect((await stream.next()).value).toMatchObject({
      event: 'signingRequest',
      data: { status: 'WaitingForApproval' },
    })
    await approve(server, post, id, 0)
    expect((await stream.next()).value?.data.status).toBe('WaitingForApproval')
    await post(`/SigningRequests/${id}/Deny`, server.approvers[1])
    expect((await stream.next()).value?.data.status).toBe('Denied')
    expect((await stream.next()).done).toBe(true)
  })

  it('shows the changes of all requests, and goes on where a client was', async () => {
    const { server, call, get, post, waiting } = await start()
    const stream = messages(await get('/SigningRequests/Events'))
    const ready = (await stream.next()).value
    expect(ready?.event).toBe('ready')
    const { id } = await waiting()
    await approve(server, post, id, 0)
    const seen = async (of: typeof stream, wanted: (message: { data: { status: string } }) => boolean) => {
      for (;;) {
        const { value } = await of.next()
        if (value === undefined || wanted(value)) return value
      }
    }
    const last = await seen(stream, ({ data }) => data.status === 'WaitingForApproval')
    expect(last?.data.signingRequestId).toBe(id)
    await stream.return()
    await post(`/SigningRequests/${id}/Deny`, server.approvers[1])
    const again = messages(
      await call('GET', '/SigningRequests/Events?status=Denied', server.submitter, undefined, {
        'last-event-id': String(ready?.id),
      }),
    )
    expect((await seen(again, ({ data }) => data.status === 'Denied'))?.data.signingRequestId).toBe(id)
    await again.return()
  })
})

describe('who lost the right to read', () => {
  it.each(['ApiTokenRevoked', 'UserDeactivated'] as const)('sees nothing more by what waits (%s)', async (event) => {
    const { server, get, post, waiting } = await start()
    const { id } = await waiting()
    const [reader, other] = server.approvers
    const followed = vi.spyOn(server.readModel, 'follow')
    const streams = await Promise.all(
      [`/SigningRequests/${id}/Events`, '/SigningRequests/Events'].map(async (path) => {
        const stream = messages(await get(path, reader))
        await stream.next()
        return stream
      }),
    )
    const poll = get(`/SigningRequests/${id}?waitForFinal=60`, reader)
    const rests = streams.map(rest)
    await until('all three wait', () => followed.mock.calls.length === 3)
    await happens(server, reader, event)
    const code = event === 'ApiTokenRevoked' ? 'TOKEN_REVOKED' : 'USER_DEACTIVATED'
    const refused = [{ event: 'error', data: { code } }]
    expect(await Promise.all(rests)).toEqual([refused, refused])
    await post(`/SigningRequests/${id}/Deny`, other)
    const answer = await poll
    expect([answer.status, await answer.json()]).toEqual([401, expect.objectContaining({ code })])
  })

  it('does not see what changes while an event is read for a stream', async () => {
    const { server, get } = await start()
    const id = await server.submit()
    await server.caughtUp()
    const [reader, other] = server.approvers
    const stream = messages(await get(`/SigningRequests/${id}/Events`, reader))
    await stream.next()
    const read = server.readModel.signingRequestsByIds.bind(server.readModel)
    let reads = 0
    vi.spyOn(server.readModel, 'signingRequestsByIds').mockImplementation(async (...wanted) => {
      // The first one is the stream's.
      if (reads++ === 0) {
        await happens(server, reader, 'ApiTokenRevoked')
        await server.tell(id, { type: 'Cancel', reason: null, canceledBy: other.userId })
        await server.caughtUp()
      }
      return read(...wanted)
    })
    const delay = { failure: { code: 'X', message: 'x', path: null }, at: '2026-03-01T12:00:00.000Z', pauseSeconds: 1 }
    await server.tell(id, { type: 'RecordDelay', nextTryAt: null, ...delay })
    expect(await rest(stream)).toEqual([{ event: 'error', data: { code: 'TOKEN_REVOKED' } }])
  })
})

describe('calls that wait', () => {
  it('are counted for each user, and refused beyond a limit until one ends', async () => {
    const { server, get, waiting } = await start({ waitingCallsPerUser: 2 })
    const { id } = await waiting()
    const followed = vi.spyOn(server.readModel, 'follow')
    const stream = messages(await get(`/SigningRequests/${id}/Events`))
    await stream.next()
    const poll = get(`/SigningRequests/${id}/Status?waitForFinal=60`)
    await until('both wait', () => followed.mock.calls.length === 2)
    for (const path of [`/SigningRequests/${id}/Status?waitForFinal=1`, '/SigningRequests/Events']) {
      const answer = await get(path)
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '5'])
      expect(await answer.json()).toMatchObject({ code: 'TOO_MANY_WAITING_CALLS', details: { retryAfterSeconds: 5 } })
    }
    const query = encodeURIComponent(`subscription { signingRequest(id: "${id}") { id } }`)
    const graphql = await fetch(`${server.url}/graphql?query=${query}`, {
      headers: { authorization: `Bearer ${server.submitter.token}`, accept: 'text/event-stream' },
    })
    expect(await graphql.text()).toContain('TOO_MANY_WAITING_CALLS')
    // Others wait all the same, and who waits no more makes room.
    expect((await get(`/SigningRequests/${id}/Status?waitForFinal=0.01`, server.approvers[0])).status).toBe(200)
    await stream.return()
    await until('there is room', async () => (await get(`/SigningRequests/${id}/Status?waitForFinal=0.01`)).ok)
    await server.fastify.close()
    expect((await poll).status).toBe(200)
  })
})

describe('streams of changes', () => {
  it.each([
    ['of another form', 'zzzz', 400, 'POSITION_MALFORMED'],
    ['that the log has not reached', '9'.repeat(16), 503, 'READ_MODEL_BEHIND'],
  ])('begin at no position %s', async (_, position, status, code) => {
    const { server, call } = await start()
    const headers = { 'last-event-id': position }
    const answer = await call('GET', '/SigningRequests/Events', server.submitter, undefined, headers)
    expect([answer.status, await answer.json()]).toEqual([status, expect.objectContaining({ code })])
  })

  it('end with the code of what went wrong, and say of a fault of ours no more than any other answer', async () => {
    const { server, get } = await start()
    vi.spyOn(server.readModel, 'follow').mockImplementation(() => {
      throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR' })
    })
    const stream = messages(await get('/SigningRequests/Events'))
    expect((await stream.next()).value?.event).toBe('ready')
    expect((await stream.next()).value).toMatchObject({ event: 'error', data: { code: 'INTERNAL_ERROR' } })
    expect((await stream.next()).done).toBe(true)
  })
})

describe('certificates by REST', () => {
  it('are those that policies sign with now, as metadata, DER, PEM and public keys', async () => {
    const { server, get } = await start()
    const path = '/SigningPolicies/release-signing/Certificate'
    await until('the policy is projected', async () => ((await get(path)).status === 404 ? undefined : true))
    const answer = await get(path)
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { certificateId: server.certificateId, signingPolicySlug: 'release-signing', status: 'active' },
    ])
    const gpg = await get(`${path}/GpgPublicKey`)
    expect([gpg.status, (await gpg.json()).code]).toEqual([404, 'GPG_PUBLIC_KEY_NOT_FOUND'])
    expect((await get('/SigningPolicies/no-such/Certificate')).status).toBe(404)
    const der = Buffer.from(await (await get(`${path}/X509Certificate`)).arrayBuffer())
    const pem = await (await get(`${path}/X509Certificate?format=pem`)).text()
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n/)
    expect(pem.replace(/-----[A-Z ]+-----|\n/g, '')).toBe(der.toString('base64'))
  })
})
