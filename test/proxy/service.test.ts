import type { Agent } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Changed, submitRequest } from '../../cli/documents/request-changes.ts'
import { requestChanges } from '../../cli/documents/requests.ts'
import type { NodeStatementKey, SigningRequestId } from '../../domain/index.ts'
import { registerRest } from '../../rest/index.ts'
import { askGraphQL } from '../support/ask-graphql.ts'
import { openGraphQLServer } from '../support/graphql-server.ts'
import { runCommand } from '../support/run-command.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { startTestProxy, type TestProxy } from '../support/test-proxy.ts'

const folder = suiteFolder()

/** A service with real use cases, log and read model behind a running proxy whose key is registered. */
let server: Awaited<ReturnType<typeof openGraphQLServer>>
let at: TestProxy
let agent: Agent
/** Of the trusted build system. */
let token: string
let trustedBuildSystemId: string
beforeAll(async () => {
  server = await openGraphQLServer(folder, { register: (http, _application, rest) => registerRest(http, rest) })
  at = await startTestProxy(folder, async () => server.url)
  agent = await at.agentOf(await at.issuing.issue('build-01'))
  const { administrator } = server
  const made = await server.ask(
    administrator,
    'mutation ($input: CreateTrustedBuildSystemInput!) { createTrustedBuildSystem(input: $input) { token trustedBuildSystemId } }',
    { input: { slug: 'nodes', name: 'Nodes', kind: 'authenticationProxy' } },
  )
  ;({ token, trustedBuildSystemId } = made.data.createTrustedBuildSystem)
  await at.write('token', token)
  await at.proxy.reload()
  await register(at.proxy.statementKey)
})
afterAll(async () => {
  await at.proxy.close()
  await server.close()
})

describe('a service behind a running proxy', () => {
  it('knows the node of what is submitted, and shows it wherever the request and its events are shown', async () => {
    const signingRequestId = await submitted()
    await server.caughtUp()
    const { data } = await server.ask(
      server.administrator,
      `query ($id: ID!) { signingRequest(id: $id) {
        vouchedBy { trustedBuildSystem { slug } node { subject issuer serialNumber template rule } nodeStatement }
        events(first: 1) { nodes { type actor { vouchedBy { node { subject } nodeStatement } } } }
      } }`,
      { id: signingRequestId },
    )
    const subject = 'CN=build-01,OU=Build nodes,DC=corp,DC=example'
    const { vouchedBy, events } = data.signingRequest
    expect(vouchedBy).toMatchObject({
      trustedBuildSystem: { slug: 'nodes' },
      node: { subject, issuer: 'CN=Issuing,O=Authorities', template: null, rule: 'build' },
    })
    const { nodeStatement } = vouchedBy
    expect(events.nodes).toMatchObject([{ actor: { vouchedBy: { node: { subject }, nodeStatement } } }])
    const rest = await fetch(
      `${server.url}${organizationPath()}/AuditEvents?streamId=signingRequest-${signingRequestId}`,
      {
        headers: { authorization: `Bearer ${server.administrator.token}` },
      },
    )
    expect(await rest.json()).toMatchObject({ items: [{ actor: { vouchedBy: { node: { subject } } } }] })
    const environment = { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: server.administrator.token }
    const { stdout } = await runCommand(['request', 'show', signingRequestId], { environment })
    expect(stdout).toContain(`nodes, for the node ${subject}`)
  })

  it('goes on telling a node what happens, though what the proxy said counted once', async () => {
    const signingRequestId = await submitted()
    const headers = { ...bearer(), 'content-type': 'application/json', accept: 'text/event-stream' }
    const body = JSON.stringify({ query: requestChanges, variables: { id: signingRequestId } })
    const told = at.ask(agent, '/graphql', { method: 'POST', headers, body })
    await server.plan(signingRequestId)
    await server.tell(signingRequestId, { type: 'Cancel', canceledBy: server.submitter.userId, reason: null })
    expect((await told).body).toContain('Canceled')
  })

  it('takes nothing past the proxy, nothing twice, and nothing that was said of another call', async () => {
    const signingRequestId = await submitted()
    await server.caughtUp()
    const { data } = await server.ask(
      server.administrator,
      'query ($id: ID!) { signingRequest(id: $id) { vouchedBy { nodeStatement } } }',
      { id: signingRequestId },
    )
    const { nodeStatement } = data.signingRequest.vouchedBy
    const vouched = { authorization: `Bearer ${server.submitter.token}:${token}` }
    const rest = async (headers: Record<string, string>) => {
      const answer = await fetch(`${server.url}${organizationPath()}/SigningRequests/${signingRequestId}`, { headers })
      return [answer.status, ((await answer.json()) as { readonly code?: string }).code]
    }
    expect(await rest(vouched)).toEqual([401, 'PROXY_BYPASSED'])
    expect(await rest({ ...vouched, 'countersign-node-statement': 'a.b' })).toEqual([401, 'PROXY_STATEMENT_MALFORMED'])
    expect(await rest({ ...vouched, 'countersign-node-statement': nodeStatement })).toEqual([
      401,
      'PROXY_STATEMENT_MISMATCH',
    ])
    const graphql = async (more: Record<string, string>) => {
      const headers = { ...vouched, 'content-type': 'application/json', ...more }
      const answer = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: '{}' })
      const { errors } = (await answer.json()) as { readonly errors: readonly { extensions: { code: string } }[] }
      return [answer.status, errors[0]?.extensions.code]
    }
    expect(await graphql({})).toEqual([401, 'PROXY_BYPASSED'])
    const again = await askGraphQL(server.url, `${server.submitter.token}:${token}`, '{ viewer { userId } }')
    expect(again.errors?.[0]?.extensions.code).toBe('PROXY_BYPASSED')
    // The very statement by which the request was submitted, with the digest that it was for.
    const digest = JSON.parse(Buffer.from(nodeStatement.split('.')[1], 'base64url').toString()).bodySha256
    const repeated = {
      'countersign-node-statement': nodeStatement,
      'content-digest': `sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:`,
    }
    expect(await graphql(repeated)).toEqual([401, 'PROXY_STATEMENT_USED'])
  })

  it('holds the body against what the proxy read, and refuses another', async () => {
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        ...bearer(),
        'content-type': 'application/json',
        'content-digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:`,
      },
      body: JSON.stringify({ query: '{ viewer { userId } }' }),
    })
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'ARTIFACT_MISMATCH' } }] })
  })

  it('believes a proxy no more whose key was removed, until that is registered again', async () => {
    const { keyId } = at.proxy.statementKey
    await server.ask(
      server.administrator,
      'mutation ($input: RemoveProxyKeyInput!) { removeProxyKey(input: $input) { position } }',
      { input: { trustedBuildSystemId, keyId, reason: 'replaced' } },
    )
    const ask = async () =>
      (await at.ask(agent, `${organizationPath()}/SigningRequests/${trustedBuildSystemId}`, { headers: bearer() }))
        .status
    try {
      expect(await ask()).toBe(401)
    } finally {
      await register(at.proxy.statementKey)
    }
    expect(await ask()).toBe(404)
  })
})

/** Uploads and submits a program as a node, by the proxy. */
async function submitted(): Promise<SigningRequestId> {
  const upload = await at.ask(agent, '/uploads?fileName=setup.exe', {
    method: 'POST',
    headers: { ...bearer(), 'content-type': 'application/octet-stream' },
    body: 'a program',
  })
  const { uploadId } = JSON.parse(upload.body) as { readonly uploadId: string }
  const input = {
    project: 'demo',
    signingPolicy: 'test-signing',
    uploadId,
    description: null,
    version: null,
    existingSignatures: null,
    idempotencyKey: uploadId,
    cancelAfterSeconds: null,
  }
  const headers = { ...bearer(), 'content-type': 'application/json' }
  const body = JSON.stringify({ query: submitRequest, variables: { input } })
  const answer = await at.ask(agent, '/graphql', { method: 'POST', headers, body })
  const { data } = JSON.parse(answer.body) as { readonly data: { readonly submitSigningRequest: Changed } }
  return data.submitSigningRequest.signingRequestId as SigningRequestId
}

async function register({ publicKey }: Pick<NodeStatementKey, 'publicKey'>): Promise<void> {
  const { errors } = await server.ask(
    server.administrator,
    'mutation ($input: RegisterProxyKeyInput!) { registerProxyKey(input: $input) { keyId } }',
    { input: { trustedBuildSystemId, publicKey } },
  )
  if (errors !== undefined) throw new Error(JSON.stringify(errors))
}

function bearer(): { readonly authorization: string } {
  return { authorization: `Bearer ${server.submitter.token}` }
}

function organizationPath(): string {
  return `/Api/v1/${server.organizationId}`
}
