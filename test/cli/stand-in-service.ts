import { createHash, randomUUID } from 'node:crypto'
import { EventEmitter, on } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GraphQLError } from 'graphql'
import { createSchema, createYoga } from 'graphql-yoga'
import { onTestFinished } from 'vitest'

type PageArguments = { first?: number | null; after?: string | null }

type StandInEvent = {
  type: string
  revision: number
  occurredAt: string
  actor: { kind: string; user: { userId: string; name: string } | null; component: string | null }
  data: Record<string, unknown>
}

/** A request of the stand-in: what GraphQL answers of it. Tests may change everything. */
export type StandInRequest = Record<string, unknown> & {
  signingRequestId: string
  workflowStatus: string
  history: StandInEvent[]
}

/** What is asked before an upload. */
export type Check = {
  readonly project: string
  readonly signingPolicy: string
  readonly fileName: string
  readonly size: number
  readonly firstBytes: string | null
  readonly existingSignatures: string | null
}

/** The tokens that the stand-in knows, and whose they are. */
export const tokens = { 'token-of-ci': 'ci', 'token-of-approver-1': 'approver-1' } as const

/**
 * An HTTP server that speaks GraphQL by the printed schema, with made-up answers, and takes uploads: for what a real
 * service does not do when it is asked to, such as to go away, to answer nonsense and to change what it sends.
 */
export async function startStandInService() {
  const requests = new Map<string, StandInRequest>()
  const uploads = new Map<string, { fileName: string; sha256: string; size: number }>()
  const keys = new Map<string, string>()
  const signed = new Map<string, Buffer>()
  const changes = new EventEmitter().setMaxListeners(0)
  const calls: string[] = []
  const approvals: { signingRequestId: string; planDigest: string; comment: string | null; by: string }[] = []
  const checks: Check[] = []
  const behaviour = {
    /** What is said before an upload; `null` when nothing is against it. */
    check: ({ project, signingPolicy }: Check): { readonly code: string; readonly message: string } | null =>
      project !== 'demo'
        ? { code: 'PROJECT_NOT_FOUND', message: 'There is no such project.' }
        : signingPolicy !== 'test-signing'
          ? { code: 'SIGNING_POLICY_NOT_FOUND', message: 'The project has: test-signing.' }
          : null,
    /** Answers instead of the service, when it says so by true. */
    intercept: (_request: IncomingMessage, _response: ServerResponse): boolean => false,
    /** What happens to a request when it was submitted. */
    submitted: (_request: StandInRequest): void => {},
    /** What is sent of a signed artifact. */
    download: (bytes: Buffer): Buffer => bytes,
  }

  const view = (request: StandInRequest | undefined) =>
    request === undefined
      ? null
      : {
          ...request,
          ...statusOf(request.workflowStatus),
          events: ({ first, after }: PageArguments) => page(request.history, first, after),
        }
  const refuse = (code: string, message: string): never => {
    throw new GraphQLError(message, { extensions: { code } })
  }
  const schema = createSchema<{ caller: string }>({
    typeDefs: readFileSync(new URL('../../graphql/schema.graphql', import.meta.url), 'utf8'),
    resolvers: {
      Query: {
        signingRequest: (_: unknown, { id }: { id: string }) => view(requests.get(id)),
        signingRequests: (_: unknown, { first, after }: { first: number; after: string | null }) => {
          const all = [...requests.values()].reverse().map(view)
          return page(all, first, after)
        },
        signingPolicies: (_: unknown, { project }: { project: string | null }) =>
          page(project === null || project === 'demo' ? [policy] : []),
        canSubmit: (_: unknown, { input }: { input: Check }) => {
          checks.push(input)
          const refusal = behaviour.check(input)
          return { accepted: refusal === null, refusal: refusal && { ...refusal, details: {} }, signingRequestId: null }
        },
        projects: () => page([project]),
        keys: () => page([key]),
        key: (_: unknown, { id }: { id: string }) => (id === key.keyId ? key : null),
        certificates: () => page([certificate]),
        certificate: (_: unknown, { id }: { id: string }) => (id === certificate.certificateId ? certificate : null),
      },
      Mutation: {
        submitSigningRequest: (_: unknown, { input }: { input: Record<string, string> }, { caller }) => {
          const before = keys.get(String(input.idempotencyKey))
          if (before !== undefined) return { signingRequestId: before, position: 'p1' }
          const upload = uploads.get(String(input.uploadId))
          if (upload === undefined) return refuse('UPLOAD_NOT_FOUND', 'There is no such upload.')
          const request = newRequest(upload, caller, input.description ?? null)
          requests.set(request.signingRequestId, request)
          if (input.idempotencyKey != null) keys.set(input.idempotencyKey, request.signingRequestId)
          behaviour.submitted(request)
          return { signingRequestId: request.signingRequestId, position: 'p1' }
        },
        approveSigningRequest: (_: unknown, { input }: { input: (typeof approvals)[number] }, { caller }) => {
          approvals.push({ ...input, by: caller })
          return { signingRequestId: input.signingRequestId, position: 'p2' }
        },
        denySigningRequest: (_: unknown, { input }: { input: { signingRequestId: string } }) => {
          if (!requests.has(input.signingRequestId)) refuse('SIGNING_REQUEST_NOT_FOUND', 'There is no such request.')
          return { signingRequestId: input.signingRequestId, position: 'p2' }
        },
        cancelSigningRequest: (_: unknown, { input }: { input: { signingRequestId: string } }) => ({
          signingRequestId: input.signingRequestId,
          position: 'p2',
        }),
      },
      Subscription: {
        signingRequest: {
          async *subscribe(_: unknown, { id }: { id: string }) {
            yield { signingRequest: view(requests.get(id)) }
            for await (const [changed] of on(changes, 'change'))
              if (changed === id) yield { signingRequest: view(requests.get(id)) }
          },
        },
      },
      Node: { __resolveType: () => 'SigningRequest' },
      Entity: { __resolveType: () => 'SigningRequest' },
    },
  })
  const yoga = createYoga({
    schema,
    logging: false,
    maskedErrors: false,
    context: ({ request }) => ({ caller: callerOf(request.headers.get('authorization')) }),
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stand-in')
    calls.push(`${request.method} ${url.pathname}`)
    if (behaviour.intercept(request, response)) return
    const problem = (status: number, code: string, detail: string) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ status, code, detail }))
    if (callerOf(request.headers.authorization) === '') {
      problem(401, 'TOKEN_INVALID', 'The API token is not known.')
      return
    }
    if (url.pathname === '/graphql') return void yoga(request, response)
    if (request.method === 'POST' && url.pathname === '/uploads') {
      const uploadId = randomUUID()
      const fileName = url.searchParams.get('fileName') ?? ''
      const upload = { uploadId, fileName, ...(await digestOf(request)) }
      uploads.set(uploadId, upload)
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(upload))
      return
    }
    const id = url.pathname.match(/\/SigningRequests\/([^/]+)\/SignedArtifact$/)?.[1]
    const bytes = id === undefined ? undefined : signed.get(id)
    if (bytes === undefined) problem(404, 'SIGNED_ARTIFACT_NOT_READY', 'There is no signed artifact.')
    else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(behaviour.download(bytes))
  }

  let server = await listen(handle, 0)
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  onTestFinished(close)

  const url = `http://127.0.0.1:${port}`
  const service = {
    url,
    requests,
    uploads,
    calls,
    checks,
    approvals,
    behaviour,
    /** Puts a request there that was not submitted by the command. */
    add(fileName = 'setup.exe', bytes = Buffer.from('unsigned')): StandInRequest {
      const request = newRequest({ fileName, sha256: sha256(bytes), size: bytes.length }, 'ci', null)
      requests.set(request.signingRequestId, request)
      return request
    },
    /** Lets something happen to a request, and says so to those who follow it. */
    happen(request: StandInRequest, type: string, data: object, fields: object, by = 'workflow') {
      request.history.push(event(request.history.length, type, { ...data }, by))
      Object.assign(request, fields)
      changes.emit('change', request.signingRequestId)
    },
    /** Completes a request with these bytes as the signed artifact. */
    complete(request: StandInRequest, bytes: Buffer, host = url) {
      signed.set(request.signingRequestId, bytes)
      const signedArtifact = { fileName: 'setup.exe', sha256: sha256(bytes), size: bytes.length }
      const signedArtifactLink = `${host}/Api/v1/${randomUUID()}/SigningRequests/${request.signingRequestId}/SignedArtifact`
      service.happen(
        request,
        'SigningRequestCompleted',
        { attempt: 1, signedArtifact },
        {
          workflowStatus: 'Completed',
          signedArtifact,
          signedArtifactLink,
        },
      )
    },
    /** Goes away, as a service that is restarted does: every connection is cut. */
    stop: close,
    /** Comes back at the same port. */
    async startAgain() {
      server = await listen(handle, port)
    },
  }
  return service
}

/** A stand-in that was started. */
export type StandInService = Awaited<ReturnType<typeof startStandInService>>

/** SHA-256, hexadecimal. */
export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A plan as GraphQL shows it: its head, and its pages of nodes. */
export function shownPlan(head: object, pages: readonly (readonly { readonly outcome: string }[])[]) {
  const isSigned = ({ outcome }: { readonly outcome: string }) => outcome === 'signed'
  const texts = pages.map((nodes) => nodes.map((node) => `${JSON.stringify(node)}\n`).join(''))
  const named = texts.map((text, index) => {
    const nodes = pages[index] ?? []
    return { entries: nodes.length, signed: nodes.filter(isSigned).length, size: text.length, sha256: sha256(text) }
  })
  const document = JSON.stringify({ ...head, pages: named })
  return {
    digest: sha256(document),
    plannerVersion: 1,
    fileCount: pages.flat().filter(isSigned).length,
    nodeCount: pages.flat().length,
    plannedAt: null,
    approvalDeadline: null,
    document,
    page: ({ index }: { readonly index: number }) => texts[index] ?? null,
  }
}

/** The key that the stand-in has. */
export const key = {
  keyId: 'f9b3f6c0-3d0f-4a3a-8d57-6f2f4c1b7a22',
  name: 'Test key',
  status: 'active',
  keyStore: 'hsm-2',
  algorithm: 'ec_p256',
  origin: 'imported',
  potentiallyExposed: true,
  label: 'countersign-f9b3f6c0-3d0f-4a3a-8d57-6f2f4c1b7a22',
  ckaId: 'f9b3f6c03d0f4a3a8d576f2f4c1b7a22',
  publicKey: 'MAA=',
  token: { label: 'release', serialNumber: '0042', manufacturer: 'HSM Ltd', model: 'H1' },
  certificates: () => [certificate],
  events: () =>
    page([
      event(0, 'KeyImportRequested', { keyStore: 'hsm-2' }, 'Ada'),
      event(1, 'KeyImported', { token: { label: 'release', serialNumber: '0042' } }, 'signer'),
    ]),
}

/** The certificate that the stand-in has. */
export const certificate = {
  certificateId: '7f1c54b2-5a0c-4b43-9d0e-0f6d2f1f3a11',
  name: 'Test certificate',
  kind: 'selfSigned',
  status: 'active',
  key: { keyId: key.keyId, keyStore: key.keyStore, algorithm: key.algorithm },
  subject: 'CN=Test',
  issuer: 'CN=Test',
  serialNumber: '01',
  thumbprint: sha256('certificate'),
  notBefore: '2026-01-01T00:00:00.000Z',
  notAfter: '2036-01-01T00:00:00.000Z',
  chain: [Buffer.from('certificate').toString('base64'), Buffer.from('issuer').toString('base64')],
}

const person = (name: string) => ({ userId: randomUUID(), name })
const named = (name: string) => ({ user: person(name), group: null })

const policy = {
  signingPolicyId: randomUUID(),
  slug: 'test-signing',
  name: 'Test signing',
  status: 'active',
  project: { slug: 'demo' },
  current: {
    version: 1,
    timestamp: 'required',
    release: false,
    existingSignatures: ['replace', 'append', 'refuse'],
    certificate,
    submitters: [named('ci')],
    approval: {
      requiredApprovals: 2,
      approvers: [
        named('approver-1'),
        named('approver-2'),
        { user: null, group: { groupId: randomUUID(), name: 'Leads' } },
      ],
    },
  },
}

const project = {
  projectId: randomUUID(),
  slug: 'demo',
  name: 'Demo',
  description: null,
  repositoryUrl: null,
  status: 'valid',
  signingPolicies: [policy],
}

function newRequest(
  artifact: { fileName: string; sha256: string; size: number },
  submitter: string,
  description: string | null,
): StandInRequest {
  const signingRequestId = randomUUID()
  const source = { kind: 'uploadedFile', ...artifact, details: [] }
  return {
    signingRequestId,
    workflowStatus: 'Submitted',
    history: [event(0, 'SigningRequestSubmitted', { source }, submitter)],
    submittedAt: '2026-01-31T09:30:00.000Z',
    finishedAt: null,
    description,
    missingApprovals: 0,
    project,
    signingPolicy: policy,
    signingPolicyVersion: 1,
    submitter: person(submitter),
    source,
    artifact,
    certificate,
    programDescription: 'Demo',
    programUrl: null,
    timestamp: 'required',
    existingSignatures: 'replace',
    plan: null,
    approvalProcess: null,
    approvals: [],
    denial: null,
    cancellation: null,
    failure: null,
    waitingFor: null,
    attempts: [],
    manifest: null,
    signedArtifact: null,
    signedArtifactLink: null,
    unsignedArtifactLink: `http://stand-in/Api/v1/x/SigningRequests/${signingRequestId}/UnsignedArtifact`,
  }
}

function event(revision: number, type: string, data: Record<string, unknown>, by: string): StandInEvent {
  const isUser = by !== 'workflow'
  const actor = { kind: isUser ? 'user' : 'system', user: isUser ? person(by) : null, component: isUser ? null : by }
  return { type, revision, occurredAt: '2026-01-31T09:30:01.000Z', actor, data }
}

function statusOf(workflowStatus: string) {
  const final = ['Completed', 'Denied', 'Canceled', 'ProcessingFailed', 'ArtifactRetrievalFailed']
  const failed = workflowStatus.endsWith('Failed')
  const own = ['WaitingForApproval', 'Completed', 'Denied', 'Canceled'].includes(workflowStatus)
  return {
    status: failed ? 'Failed' : own ? workflowStatus : 'InProgress',
    isFinalStatus: final.includes(workflowStatus),
  }
}

/** A connection whose cursors are places in the list. */
function page<Item>(items: readonly Item[], first?: number | null, after?: string | null) {
  const start = after == null ? 0 : Number(after) + 1
  const nodes = items.slice(start, start + (first ?? 25))
  const endCursor = nodes.length === 0 ? null : String(start + nodes.length - 1)
  const hasNextPage = start + nodes.length < items.length
  return { nodes, pageInfo: { hasNextPage, hasPreviousPage: start > 0, startCursor: null, endCursor } }
}

async function digestOf(request: IncomingMessage): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk)
    size += chunk.length
  }
  return { sha256: hash.digest('hex'), size }
}

function callerOf(authorization: string | null | undefined): string {
  const token = authorization?.replace(/^Bearer /, '') ?? ''
  return Object.hasOwn(tokens, token) ? tokens[token as keyof typeof tokens] : ''
}

function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  port: number,
): Promise<Server> {
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()))
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)))
}
