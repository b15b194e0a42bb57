import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { changeChangeControl } from '../../../application/change-control.ts'
import { createApplication } from '../../../application/index.ts'
import { updateProject } from '../../../application/projects.ts'
import { Setup } from '../../../application/setup.ts'
import { type OrganizationId, securityEventTypes } from '../../../domain/index.ts'
import type { LogPosition } from '../../../event-log/index.ts'
import type { Route } from '../../../http/index.ts'
import { registerRest } from '../../../rest/index.ts'
import { registerHealth } from '../../../server/health.ts'
import { decidingWorkflows } from '../deciding-workflows.ts'
import { setUpOrganization, type TestUser } from '../graphql-organization.ts'
import { graphQLRequests } from '../graphql-requests.ts'
import { type GraphQLTestServer, openGraphQLServer } from '../graphql-server.ts'
import { recordUnusualFinding } from '../unusual-finding.ts'
import { makeVerifiedRequest } from './origin-things.ts'
import { createNamedPolicy, policySettings, type Things, thingsOf } from './things.ts'
import { unchanging } from './unchanging.ts'

/** A server with all that it serves, and two organizations in it that have the same slugs. */
export type AccessServer = {
  readonly server: GraphQLTestServer
  /** What is served, each with who may use it. */
  readonly routes: readonly Route[]
  readonly own: Things
  readonly others: Things
  /** Makes what does not come about by itself: requests that ended in every way, and a refusal. */
  readonly somethingOfEveryKind: () => Promise<void>
  /** How many events of the log are no records of refusals. */
  readonly eventsOfRules: () => Promise<number>
  /** Things in the place of a caller's that calls which are refused may all name, because nothing becomes of them. */
  readonly untouched: (things: Things) => Things
  /** Whom the own organization's policy and project name besides those who stand in `server`. */
  readonly named: Readonly<Record<'submitter' | 'approver' | 'reader' | 'configurator', TestUser>>
}

/** Enough that one document can ask for every field. */
const noLimits = { depth: 100, cost: 10_000_000, fields: 10_000, tokens: 100_000 }

/** Starts it; everything ends when the running test has finished. */
export async function startAccessServer(): Promise<AccessServer> {
  const { close, ...world } = await openAccessServer()
  onTestFinished(close)
  return world
}

/** Starts it for several tests, which ask what changes nothing. */
export async function openAccessServer(): Promise<AccessServer & { readonly close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  let routes: readonly Route[] = []
  const server = await openGraphQLServer(folder, {
    limits: noLimits,
    register: (http, _application, rest) => {
      registerRest(http, rest)
      registerHealth(
        http.fastify,
        async () => ({ status: 'up', checks: {} }),
        () => true,
      )
      routes = http.routes
    },
  })
  const named = {
    submitter: await server.addUser('Sibyl Named'),
    approver: await server.addUser('Abel Named'),
    reader: await server.addUser('Rita Named'),
    configurator: await server.addUser('Conrad Named'),
  }
  await updateProject(server.dependencies, server.setup, {
    projectId: server.projectId,
    basedOnRevision: 0,
    name: 'Demo',
    description: null,
    repositoryUrl: 'https://example.com/demo',
    readers: [{ user: named.reader.userId }],
    configurators: [{ user: named.configurator.userId }],
  })
  const approve = async (signingRequestId: string, planDigest: string) => {
    const input = { signingRequestId, planDigest, comment: 'Agreed.' }
    const { text, errors } = await server.ask(
      server.approvers[0],
      'mutation ($input: ApproveSigningRequestInput!) { approveSigningRequest(input: $input) { position } }',
      { input },
    )
    if (errors !== undefined) throw new Error(text)
  }
  const { dependencies, setup, projectId } = server
  const settings = policySettings(server, [server.submitter, named.submitter], [named.approver])
  const own = thingsOf({
    dependencies,
    setup,
    organization: server,
    requests: server,
    notifications: server.notifications,
    ...(await createNamedPolicy(dependencies, setup, projectId, settings)),
    administrator: () => server.application.authenticate({ apiToken: server.administrator.token }, undefined),
    approve,
  })
  // Something that subscriptions begin with.
  await server.submit()
  await recordUnusualFinding(server.log, {
    organizationId: setup.organizationId,
    userId: named.submitter.userId,
    signingPolicyId: server.releasePolicyId,
  })
  return {
    server,
    routes,
    own,
    others: await otherOrganization(server, folder),
    somethingOfEveryKind: () => makeSomethingOfEveryKind(server, own),
    eventsOfRules: countingEvents(server),
    untouched: keptOnce(),
    named,
    async close() {
      await server.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

async function makeSomethingOfEveryKind(server: GraphQLTestServer, own: Things): Promise<void> {
  const { ask, tell, submitter, approvers } = server
  await own.signedRequest()
  await own.group()
  await own.linkedTrustedBuildSystem()
  await own.proxyKey()
  await own.artifactConfiguration()
  await own.disabledWebHook()
  await own.invitedUser()
  await own.linkedUser()
  const change = (mutation: string, of: string) =>
    ask(server.administrator, `mutation ($id: ID!) { ${mutation}(input: { changeProposalId: $id }) { position } }`, {
      id: of,
    })
  await change('rejectChange', await own.changeProposal())
  await ask(server.administrator, 'mutation ($id: ID!) { revokeGrant(input: { grantId: $id }) { position } }', {
    id: await own.grant(),
  })
  const requestDeletion = 'mutation ($id: ID!) { requestKeyDeletion(input: { keyId: $id }) { position } }'
  await ask(server.administrator, requestDeletion, { id: await own.key() })
  const second = await server.addUser('Adam Admin', ['globalAdministrator'])
  await ask(second, 'mutation ($id: ID!) { approveChange(input: { changeProposalId: $id }) { position } }', {
    id: await own.changeProposal(),
  })
  const request = {
    name: 'Release',
    subject: { commonName: 'Release' },
    alternativeNames: [{ kind: 'dns', value: 'example.com' }],
    key: { keyId: await own.key() },
  }
  await ask(
    server.administrator,
    'mutation ($input: RequestCertificateInput!) { requestCertificate(input: $input) { position } }',
    { input: request },
  )
  const decide = (mutation: string, by: TestUser, id: string) =>
    ask(by, `mutation ($id: ID!) { ${mutation}(input: { signingRequestId: $id }) { position } }`, { id })
  await makeVerifiedRequest(server, await own.requestOfBuild())
  await decide('denySigningRequest', approvers[0], (await own.request()).signingRequestId)
  await decide('cancelSigningRequest', submitter, (await own.request()).signingRequestId)
  // Refused, and recorded.
  await decide('denySigningRequest', submitter, (await own.request()).signingRequestId)
  const failure = { code: 'FORMAT_NOT_SUPPORTED', message: 'The file is none.', path: ['setup.exe'] }
  const delayed = await server.submit()
  await tell(delayed, {
    type: 'RecordDelay',
    failure,
    at: server.dependencies.now(),
    nextTryAt: server.dependencies.now(),
    pauseSeconds: 1,
  })
  await tell(await server.submit(), { type: 'Fail', workflowStatus: 'ProcessingFailed', failure })
  // Last: what changes rules is proposed from now on.
  await changeChangeControl(server.dependencies, server.setup, {
    changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 },
  })
  await server.caughtUp()
}

/** Each count goes on where the one before ended: the log of many calls is long. */
function countingEvents({ log }: GraphQLTestServer): () => Promise<number> {
  let count = 0
  let after: LogPosition | undefined
  return async () => {
    for await (const batch of log.readAll(after === undefined ? {} : { after }))
      for (const { type, position } of batch) {
        if (!(securityEventTypes as readonly string[]).includes(type)) count += 1
        after = position
      }
    return count
  }
}

/** The same unchanging things whenever the same things are given. */
function keptOnce(): (things: Things) => Things {
  const kept = new Map<Things, Things>()
  return (things) => {
    // Web hooks are new each time: earlier ones make room for later ones.
    const known = kept.get(things) ?? unchanging(things, ['webHook', 'disabledWebHook', 'webHookDelivery'])
    kept.set(things, known)
    return known
  }
}

/** Another organization in the same log, by the same use cases. */
async function otherOrganization(server: GraphQLTestServer, folder: string): Promise<Things> {
  const { log, readModel, store, caughtUp } = server
  const organizationId = randomUUID() as OrganizationId
  const setup = new Setup(organizationId)
  const { workflows, tell } = decidingWorkflows(log, organizationId, server.dependencies.now)
  const dependencies = { ...server.dependencies, workflows }
  const organization = await setUpOrganization(dependencies, setup)
  const application = createApplication(dependencies)
  const requests = graphQLRequests({
    application,
    dependencies,
    setup,
    organization,
    readModel,
    store,
    tell,
    caughtUp,
    folder,
  })
  const settings = policySettings(organization, [organization.submitter], [])
  return thingsOf({
    dependencies,
    setup,
    organization,
    requests,
    notifications: server.notifications,
    ...(await createNamedPolicy(dependencies, setup, organization.projectId, settings)),
    administrator: () => application.authenticate({ apiToken: organization.administrator.token }, undefined),
    approve: async (signingRequestId, planDigest) => {
      const caller = await application.authenticate({ apiToken: organization.approvers[0].token }, undefined)
      await application.approveSigningRequest(caller, { signingRequestId, planDigest, comment: null })
    },
  })
}
