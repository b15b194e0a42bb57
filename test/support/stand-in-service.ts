import { createHash, randomUUID } from 'node:crypto'
import { EventEmitter, on } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GraphQLError } from 'graphql'
import { createSchema, createYoga } from 'graphql-yoga'
import { onTestFinished } from 'vitest'
import {
  certificate,
  event,
  key,
  newRequest,
  type PageArguments,
  page,
  policy,
  project,
  type StandInRequest,
  sha256,
  statusOf,
} from './stand-in-answers.ts'

/** What is asked before an upload. */
export type Check = {
  readonly project: string
  readonly signingPolicy: string
  readonly fileName: string
  readonly size: number
  readonly firstBytes: string | null
  readonly existingSignatures: string | null
}

/** What a submission said. */
export type StandInSubmission = {
  readonly uploadId?: string | null
  readonly link?: { readonly fileName: string; readonly sha256: string | null } | null
  readonly announcedUpload?: { readonly fileName: string; readonly sha256: string } | null
  readonly description?: string | null
  readonly idempotencyKey?: string | null
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
  const submissions: StandInSubmission[] = []
  const behaviour = {
    /** What is said before an upload; `null` when nothing is against it. */
    check: ({ project, signingPolicy }: Check): { readonly code: string; readonly message: string } | null =>
      project !== 'demo'
        ? { code: 'PROJECT_NOT_FOUND', message: 'There is no such project.' }
        : signingPolicy !== 'test-signing'
          ? { code: 'SIGNING_POLICY_NOT_FOUND', message: 'The project has: test-signing.' }
          : null,
    /** What is said of one approval of several; `null` when it is given. */
    approval: (_signingRequestId: string): { readonly code: string; readonly message: string } | null => null,
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
  /** Serves bytes as a file of a request. */
  const served = (request: StandInRequest, name: string, fileName: string, bytes: Buffer) => {
    signed.set(`${request.signingRequestId}/${name}`, bytes)
    const link = `${url}/Api/v1/${randomUUID()}/SigningRequests/${request.signingRequestId}/${name}`
    return { file: { fileName, sha256: sha256(bytes), size: bytes.length }, link }
  }
  const refuse = (code: string, message: string): never => {
    throw new GraphQLError(message, { extensions: { code } })
  }
  /** The request waits for its artifact. */
  const announce = (request: StandInRequest, { fileName, sha256 }: { fileName: string; sha256: string }) =>
    Object.assign(request, {
      artifact: null,
      source: { kind: 'announcedUpload', fileName, sha256, size: null, details: [] },
      uploadLink: `${url}/Api/v1/x/SigningRequests/${request.signingRequestId}/UnsignedArtifact`,
    })
  const schema = createSchema<{ caller: string }>({
    typeDefs: readFileSync(new URL('../../graphql/schema.graphql', import.meta.url), 'utf8'),
    resolvers: {
      Query: {
        signingRequest: (_: unknown, asked: { id?: string | null; idempotencyKey?: string | null }) =>
          view(requests.get(asked.id ?? keys.get(asked.idempotencyKey ?? '') ?? '')),
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
        submitSigningRequest: (_: unknown, { input }: { input: StandInSubmission }, { caller }) => {
          submissions.push(input)
          const before = keys.get(String(input.idempotencyKey))
          if (before !== undefined) return { signingRequestId: before, position: 'p1' }
          const { link, announcedUpload } = input
          const upload = uploads.get(String(input.uploadId))
          const known = upload ?? link ?? announcedUpload
          if (known == null) return refuse('UPLOAD_NOT_FOUND', 'There is no such upload.')
          const request = newRequest(
            { size: 0, ...known, sha256: String(known.sha256) },
            caller,
            input.description ?? null,
          )
          if (announcedUpload != null) announce(request, announcedUpload)
          requests.set(request.signingRequestId, request)
          if (input.idempotencyKey != null) keys.set(input.idempotencyKey, request.signingRequestId)
          behaviour.submitted(request)
          return { signingRequestId: request.signingRequestId, position: 'p1' }
        },
        signHashes: (_: unknown, { input }: { input: { idempotencyKey: string } }, { caller }) => {
          const present = requests.get(keys.get(input.idempotencyKey) ?? '')
          const request =
            present ?? newRequest({ fileName: 'hashes.json', sha256: sha256('hash'), size: 1 }, caller, null)
          const { signingRequestId, workflowStatus } = request
          requests.set(signingRequestId, request)
          keys.set(input.idempotencyKey, signingRequestId)
          const signatures = workflowStatus === 'Completed' ? [Buffer.from('signature').toString('base64')] : null
          return { signingRequestId, position: 'p1', workflowStatus, signatures }
        },
        approveSigningRequest: (_: unknown, { input }: { input: (typeof approvals)[number] }, { caller }) => {
          approvals.push({ ...input, by: caller })
          return { signingRequestId: input.signingRequestId, position: 'p2' }
        },
        approveSigningRequests: (_: unknown, { input }: { input: { approvals: typeof approvals } }, { caller }) => {
          const answers = input.approvals.map((approval) => {
            const refusal = behaviour.approval(approval.signingRequestId)
            if (refusal === null) approvals.push({ ...approval, by: caller })
            return {
              signingRequestId: approval.signingRequestId,
              position: refusal === null ? 'p2' : null,
              refusal: refusal && { ...refusal, transient: false, details: {} },
            }
          })
          return { answers, position: 'p2' }
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
    const awaiting = requests.get(url.pathname.match(/\/SigningRequests\/([^/]+)\/UnsignedArtifact$/)?.[1] ?? '')
    if (request.method === 'POST' && awaiting !== undefined) {
      const { signingRequestId, source } = awaiting
      const kept = { ...(await digestOf(request)), fileName: (source as { fileName: string }).fileName }
      Object.assign(awaiting, { artifact: kept, uploadLink: null })
      response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ signingRequestId, ...kept }))
      return
    }
    const part = url.pathname.match(
      /\/SigningRequests\/([^/]+\/(?:SignedArtifact|Provenance|ProvenanceBundle|OriginEvidence\/[0-9a-f]+))$/,
    )?.[1]
    const bytes = part === undefined ? undefined : signed.get(part)
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
    submissions,
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
      signed.set(`${request.signingRequestId}/SignedArtifact`, bytes)
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
    /** Gives a completed request provenance with these bytes as envelope and bundle. */
    state(request: StandInRequest, envelope: Buffer, bundle: Buffer) {
      const { file: envelopeFile, link: envelopeLink } = served(
        request,
        'Provenance',
        'setup.exe.intoto.json',
        envelope,
      )
      const { file: bundleFile, link: bundleLink } = served(
        request,
        'ProvenanceBundle',
        'setup.exe.sigstore.json',
        bundle,
      )
      Object.assign(request, {
        provenance: { envelope: envelopeFile, envelopeLink, bundle: bundleFile, bundleLink },
      })
    },
    /** Gives a request a verified origin, with these answers of its build system, all called by one name. */
    verify(request: StandInRequest, answers: readonly Buffer[], fileName = 'run.json') {
      const evidence = answers.map((bytes) => {
        const { file, link } = served(request, `OriginEvidence/${sha256(bytes)}`, fileName, bytes)
        return { name: 'run', mediaType: 'application/json', ...file, link }
      })
      Object.assign(request, { origin: { kind: 'custom', proof: 'api', verified: null, checks: [], evidence } })
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
  // A proxy adds the token of a build system behind a colon.
  const token = authorization?.replace(/^Bearer /, '').split(':', 1)[0] ?? ''
  return Object.hasOwn(tokens, token) ? tokens[token as keyof typeof tokens] : ''
}

function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  port: number,
): Promise<Server> {
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()))
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)))
}
