import { describe, expect, it } from 'vitest'
import { listedFields } from '../../graphql/signing-request-list.ts'
import type { Answer } from '../support/ask-graphql.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'

type Listed = { readonly nodes: readonly { readonly signingRequestId: string }[] }

/** Each field that lists resolve without whole requests, and what is asked below it. */
const selectionOfListed: Readonly<Record<string, string>> = {
  __typename: '',
  id: '',
  signingRequestId: '',
  status: '',
  workflowStatus: '',
  isFinalStatus: '',
  project: '{ slug }',
  signingPolicy: '{ slug }',
  submitter: '{ userId name }',
  submittedAt: '',
  finishedAt: '',
  description: '',
  source: '{ kind fileName sha256 size details { name value } }',
  artifact: '{ fileName sha256 size }',
  missingApprovals: '',
  resubmittedFrom: '{ signingRequestId }',
  createdAt: '',
}

const idsOf = ({ nodes }: Listed): string[] => nodes.map(({ signingRequestId }) => signingRequestId)

async function listed(server: GraphQLTestServer, filter: string): Promise<string[]> {
  const { data, errors } = await server.ask(
    server.submitter,
    `{ signingRequests(filter: ${filter}) { nodes { signingRequestId } } }`,
  )
  expect(errors).toBeUndefined()
  return idsOf(data.signingRequests)
}

describe('lists', () => {
  it('of requests have the newest first, and page both ways over the same items', async () => {
    const server = await startGraphQLServer()
    const submitted: string[] = []
    for (let number = 0; number < 7; number += 1) submitted.unshift(await server.submit('test-signing'))
    await server.caughtUp()
    const page = async (size: string, cursor?: string): Promise<Answer['data']> => {
      const { data, errors } = await server.ask(
        server.submitter,
        `{ signingRequests(${size}${cursor === undefined ? '' : `, ${cursor}`}) {
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor } nodes { signingRequestId } } }`,
      )
      expect(errors).toBeUndefined()
      return data.signingRequests
    }

    const forwards: string[] = []
    let next = await page('first: 3')
    expect(next.pageInfo.hasPreviousPage).toBe(false)
    for (;;) {
      forwards.push(...idsOf(next))
      expect(next.pageInfo.startCursor).toBe(next.edges.at(0).cursor)
      expect(next.pageInfo.endCursor).toBe(next.edges.at(-1).cursor)
      if (!next.pageInfo.hasNextPage) break
      next = await page('first: 3', `after: "${next.pageInfo.endCursor}"`)
      expect(next.pageInfo.hasPreviousPage).toBe(true)
    }
    expect(forwards).toEqual(submitted)

    const backwards: string[] = []
    let previous = await page('last: 2')
    expect(previous.pageInfo.hasNextPage).toBe(false)
    for (;;) {
      backwards.unshift(...idsOf(previous))
      if (!previous.pageInfo.hasPreviousPage) break
      previous = await page('last: 2', `before: "${previous.pageInfo.startCursor}"`)
      expect(previous.pageInfo.hasNextPage).toBe(true)
    }
    expect(backwards).toEqual(submitted)

    // With one field more the whole requests are read.
    const selected = Object.entries(selectionOfListed).map(([field, below]) => `${field} ${below}`)
    expect(new Set(Object.keys(selectionOfListed))).toEqual(listedFields)
    const inShort = await server.ask(
      server.submitter,
      `{ signingRequests { ...Page } } fragment Page on SigningRequestConnection { nodes { ... on SigningRequest { ${selected.join(' ')} } } }`,
    )
    const whole = await server.ask(
      server.submitter,
      `{ signingRequests { nodes { ${selected.join(' ')} } edges { node { ...One } } } } fragment One on SigningRequest { updatedAt }`,
    )
    expect(whole.errors ?? inShort.errors).toBeUndefined()
    expect(inShort.data.signingRequests.nodes).toHaveLength(7)
    expect(inShort.data.signingRequests.nodes).toEqual(whole.data.signingRequests.nodes)
    expect(whole.data.signingRequests.edges[0].node.updatedAt).toMatch(/^2/)

    // What counts is the field, by whatever name it is asked for, and at each place.
    const { data, errors } = await server.ask(
      server.submitter,
      `{ renamed: signingRequests { nodes { status: updatedAt } } short: signingRequests { nodes { updatedAt: status } }
        merged: signingRequests { nodes { status } } merged: signingRequests { edges { node { updatedAt } } } }`,
    )
    expect(errors).toBeUndefined()
    const { updatedAt } = whole.data.signingRequests.edges[0].node
    expect(data.renamed.nodes[0]).toEqual({ status: updatedAt })
    expect(data.short.nodes[0]).toEqual({ updatedAt: inShort.data.signingRequests.nodes[0].status })
    expect(data.merged.edges[0].node).toEqual({ updatedAt })

    const all = await page('first: 7')
    expect(all.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false })
    const between = await page('first: 100', `after: "${all.edges[1].cursor}", before: "${all.edges[5].cursor}"`)
    expect(idsOf(between)).toEqual(submitted.slice(2, 5))
    const none = await page('first: 0')
    expect(idsOf(none)).toEqual([])
    expect(none.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null })
  })

  it('do not move under a reader when newer items come', async () => {
    const server = await startGraphQLServer()
    for (let number = 0; number < 4; number += 1) await server.submit('test-signing')
    await server.caughtUp()
    const page = async (cursor: string) =>
      (
        await server.ask(
          server.submitter,
          `{ signingRequests(first: 2${cursor}) { pageInfo { endCursor } nodes { signingRequestId } } }`,
        )
      ).data.signingRequests
    const first = await page('')
    const expected = await page(`, after: "${first.pageInfo.endCursor}"`)
    await server.submit('test-signing')
    await server.caughtUp()
    expect(await page(`, after: "${first.pageInfo.endCursor}"`)).toEqual(expected)
  })

  it('of requests are narrowed by project, policy, state, submitter and time, alone and together', async () => {
    const server = await startGraphQLServer()
    const waiting = await server.submit('release-signing')
    await server.plan(waiting)
    const canceled = await server.submit('release-signing')
    await server.tell(canceled, { type: 'Cancel', canceledBy: server.submitter.userId, reason: null })
    const fresh = await server.submit('test-signing')
    await server.caughtUp()
    const submittedAt = async (id: string) =>
      (await server.ask(server.submitter, `{ signingRequest(id: "${id}") { submittedAt } }`)).data.signingRequest
        .submittedAt as string

    const all = [fresh, canceled, waiting]
    expect(await listed(server, '{}')).toEqual(all)
    expect(await listed(server, '{ project: "demo" }')).toEqual(all)
    expect(await listed(server, `{ project: "${server.projectId}" }`)).toEqual(all)
    expect(await listed(server, '{ project: "no-such-project" }')).toEqual([])
    expect(await listed(server, '{ project: "demo", signingPolicy: "test-signing" }')).toEqual([fresh])
    expect(await listed(server, '{ project: "demo", signingPolicy: "no-such-policy" }')).toEqual([])
    expect(await listed(server, `{ signingPolicy: "${server.releasePolicyId}" }`)).toEqual([canceled, waiting])
    expect(await listed(server, '{ status: [WaitingForApproval] }')).toEqual([waiting])
    expect(await listed(server, '{ status: [InProgress, Canceled] }')).toEqual([fresh, canceled])
    expect(await listed(server, '{ status: [] }')).toEqual([])
    expect(await listed(server, '{ workflowStatus: [Submitted] }')).toEqual([fresh])
    expect(await listed(server, '{ workflowStatus: [Submitted], status: [Canceled] }')).toEqual([])
    expect(await listed(server, `{ submitter: "${server.submitter.userId}" }`)).toEqual(all)
    expect(await listed(server, `{ submitter: "${server.administrator.userId}" }`)).toEqual([])
    const middle = await submittedAt(canceled)
    expect(await listed(server, `{ submittedFrom: "${middle}" }`)).toEqual([fresh, canceled])
    expect(await listed(server, `{ submittedBefore: "${middle}" }`)).toEqual([waiting])
    const offset = new Date(Date.parse(middle) + 3_600_000).toISOString().replace('Z', '+01:00')
    expect(await listed(server, `{ submittedFrom: "${offset}", status: [Canceled] }`)).toEqual([canceled])
  })

  it('of events page within a time line both ways', async () => {
    const server = await startGraphQLServer()
    const id = await server.submit()
    const planDigest = await server.plan(id)
    for (const { userId } of server.approvers.slice(0, 2))
      await server.tell(id, { type: 'Approve', groups: [], approver: userId, planDigest, comment: null })
    await server.caughtUp()
    const page = async (args: string) =>
      (
        await server.ask(
          server.submitter,
          `{ signingRequest(id: "${id}") { events(${args}) {
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { revision } } } }`,
        )
      ).data.signingRequest.events
    const revisions = (events: Answer['data']) => events.nodes.map(({ revision }: { revision: number }) => revision)

    const first = await page('first: 2')
    expect([revisions(first), first.pageInfo.hasNextPage, first.pageInfo.hasPreviousPage]).toEqual([
      [0, 1],
      true,
      false,
    ])
    const second = await page(`first: 10, after: "${first.pageInfo.endCursor}"`)
    expect([revisions(second), second.pageInfo.hasNextPage, second.pageInfo.hasPreviousPage]).toEqual([
      [2, 3, 4],
      false,
      true,
    ])
    const last = await page('last: 2')
    expect([revisions(last), last.pageInfo.hasNextPage, last.pageInfo.hasPreviousPage]).toEqual([[3, 4], false, true])
    const before = await page(`last: 2, before: "${last.pageInfo.startCursor}"`)
    expect(revisions(before)).toEqual([1, 2])
    expect(revisions(await page('first: 0'))).toEqual([])
    expect(revisions(await page(`first: 5, after: "${second.pageInfo.endCursor}"`))).toEqual([])
  })
})
