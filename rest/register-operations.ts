import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Caller } from '../application/index.ts'
import { Refusal } from '../domain/index.ts'
import { type ReadBody, readBody, readFields, treeOfFields } from './forms/index.ts'
import type { KeptAnswers } from './kept-answers.ts'
import { type AnyAnswer, namesOrganization, type Operation } from './operation.ts'
import { problemMediaType, problemOf } from './problem.ts'
import { incomingFile } from './upload-body.ts'

/** What the frame needs of the scope that it adds routes to. */
export type OperationScope = {
  /** Who calls, of a request that was authenticated; a scope for everybody has nobody. */
  readonly callerOf: (request: FastifyRequest) => Caller
  readonly answers: KeptAnswers
}

/** Adds a route for each operation to a scope that authenticates, and reads bodies as streams. */
export function registerOperations(
  fastify: FastifyInstance,
  operations: readonly Operation[],
  scope: OperationScope,
): void {
  for (const each of operations)
    for (const path of [each.path, ...(each.otherPaths ?? [])])
      fastify.route({
        method: each.withHead === true ? [each.method, 'HEAD'] : each.method,
        url: path.replace(/\{(\w+)\}/g, ':$1'),
        config: { access: each.access, ...(each.problem && { problem: each.problem }) },
        exposeHeadRoute: false,
        handler: (request, reply) => handle(each, request, reply, scope),
      })
}

async function handle(
  definition: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
  { callerOf, answers }: OperationScope,
): Promise<FastifyReply> {
  const caller = definition.access === 'everybody' ? (undefined as unknown as Caller) : callerOf(request)
  if (namesOrganization(definition)) requireOrganization(caller, request)
  const parameters = readFields(definition.parameters ?? none, treeOfFields(parametersOf(request)), 'text')
  const query = definition.query === undefined ? {} : readFields(definition.query, queryOf(request), 'text')
  const input = await readInput(definition, request, reply, caller)
  const key = isChange(definition) ? idempotencyKeyOf(request) : null
  const isKept = key !== null && definition.idempotency !== 'useCase'
  const run = () =>
    definition.handle({
      caller,
      parameters,
      query,
      body: input.body,
      files: input.files,
      file: () => incomingFile(request, reply),
      idempotencyKey: isKept ? null : key,
      request,
      whenAnswered: (then: () => void) => (reply.raw.closed ? then() : void reply.raw.once('close', then)),
    })
  try {
    if (!isKept) return send(reply, await run())
    const route = `${definition.method} ${request.url.split('?', 1)[0]?.toLowerCase()}`
    const asked = { query, body: input.body }
    return send(reply, await answers.once({ caller, route, key }, asked, () => refusalAsAnswer(run, request)))
  } catch (error) {
    // What is only not known to have succeeded may go on with them.
    if (error instanceof Refusal) await input.discard()
    throw error
  }
}

const none = z.object({})

/** Whether calls change something, and who makes them is known. A file is read once, by its own operation alone. */
function isChange({ method, access, body }: Operation): boolean {
  return method !== 'GET' && access !== 'everybody' && body?.kind !== 'file'
}

/** A refusal is an answer like any other to whoever asks for it again. */
async function refusalAsAnswer(run: () => Promise<AnyAnswer>, request: FastifyRequest): Promise<AnyAnswer> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const problem = problemOf(error, request.id)
    if (problem.status === 401 || problem.status === 429) throw error
    return { status: problem.status, body: problem, isProblem: true }
  }
}

/** @throws Refusal `IDEMPOTENCY_KEY_MALFORMED` when it was sent twice */
function idempotencyKeyOf(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key']
  if (Array.isArray(key)) throw new Refusal('IDEMPOTENCY_KEY_MALFORMED', 'Send one Idempotency-Key.')
  return key ?? null
}

/** Who belongs to another organization does not learn which exist. */
function requireOrganization(caller: Caller, request: FastifyRequest): void {
  const { organizationId } = request.params as { readonly organizationId: string }
  if (organizationId.toLowerCase() !== caller.organizationId)
    throw new Refusal(
      'ORGANIZATION_NOT_FOUND',
      `Your token belongs to no organization of this id; that of its own is ${caller.organizationId}.`,
    )
}

function parametersOf(request: FastifyRequest): Iterable<readonly [string, unknown]> {
  return Object.entries(request.params as Record<string, string>).filter(([name]) => name !== 'organizationId')
}

/** What stands behind the question mark. Clients of some protocols add which version of it they speak. */
function queryOf(request: FastifyRequest) {
  const { searchParams } = new URL(request.url, 'http://localhost')
  return treeOfFields([...searchParams].filter(([name]) => name.toLowerCase() !== 'api-version'))
}

const nothingRead: ReadBody = { body: undefined, files: {}, discard: async () => undefined }

async function readInput(
  { body }: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Caller,
): Promise<ReadBody> {
  return body?.kind === 'fields' ? readBody(request, reply, caller, body) : nothingRead
}

function send(reply: FastifyReply, { status, headers = {}, body, isProblem }: AnyAnswer): FastifyReply {
  reply.code(status).headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers })
  if (body === undefined) return reply.send()
  if (reply.request.method === 'HEAD') return reply.send()
  if (isProblem) reply.type(problemMediaType(reply.request.headers.accept))
  if (isProblem) return reply.send(JSON.stringify(body))
  if (reply.hasHeader('content-type')) return reply.send(body)
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body))
}
