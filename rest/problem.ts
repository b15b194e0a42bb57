import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { ServiceError } from '../application/index.ts'
import { Refusal } from '../domain/index.ts'
// Not by the door: processes without an API answer problems too, and load no read model for it.
import { ReadModelError } from '../projections/read-model-error.ts'
import { statusOfRefusal } from './http-status.ts'
import { InvalidInput } from './invalid-input.ts'
import { IdempotencyKeyInUse } from './kept-answers.ts'
import type { Problem } from './problem-form.ts'
import { RangeNotSatisfiable } from './range-not-satisfiable.ts'

/** That a caller is not known: 401, whatever the code says elsewhere, as that of an identity token does. */
export class RefusedCaller extends Refusal {
  constructor({ code, message, details }: Refusal) {
    super(code, message, details)
  }
}

/** Translates an error. A fault of ours is masked: its id finds it in the log. */
export function problemOf(error: unknown, correlationId: string): Problem {
  if (error instanceof Refusal) {
    const { code, message, details } = error
    return {
      ...problem(
        error instanceof RefusedCaller ? 401 : statusOfRefusal(code),
        code,
        code === 'FORBIDDEN' ? `${message}${whoGives(details)}` : message,
      ),
      ...(Object.keys(details).length > 0 ? { details } : {}),
      ...(error instanceof InvalidInput ? { errors: error.errors } : {}),
    }
  }
  if (error instanceof ServiceError || error instanceof ReadModelError) return problem(503, error.code, error.message)
  if (isCodedFailure(error)) return problem(error.transient ? 503 : 500, error.code, error.message)
  const status = clientErrorStatus(error)
  if (status !== undefined && error instanceof Error) return problem(status, 'REQUEST_MALFORMED', error.message)
  const masked = `Something went wrong on our side. An operator finds it in the log as ${correlationId}.`
  return { ...problem(500, 'INTERNAL_ERROR', masked), correlationId }
}

/** Which permission lacks, and who can give what it needs. */
function whoGives({ permission, roles, relations }: Refusal['details']): string {
  if (!Array.isArray(roles) || !Array.isArray(relations)) return ''
  const givers = [
    ...(roles.length > 0 ? ['roles are given by administrators of users'] : []),
    ...(relations.length > 0 ? ['projects and signing policies are changed by project administrators'] : []),
  ]
  return ` The permission is ${permission}${givers.map((each) => `; ${each}`).join('')}.`
}

/** Answers with the problem that an error is, and logs it when it is a fault of ours. */
export function problemErrorHandler(logger: Logger) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const answer = problemOf(error, request.id)
    if (answer.status >= 500 && !hasLeft(error, request))
      logger.error({ err: error, correlationId: request.id, code: answer.code }, 'REST call failed')
    // What was prepared for the answer that did not come about, such as a length or a tag, is not about this one.
    for (const header of Object.keys(reply.getHeaders())) reply.removeHeader(header)
    if (error instanceof RangeNotSatisfiable) reply.header('content-range', `bytes */${error.size}`)
    if (answer.status === 401) reply.header('www-authenticate', challenge(answer.code))
    if (error instanceof IdempotencyKeyInUse) reply.header('retry-after', String(error.retryAfter))
    if (answer.status === 503) reply.header('retry-after', '5')
    if (answer.status === 429) reply.header('retry-after', String(answer.details?.retryAfterSeconds ?? 60))
    return reply
      .code(answer.status)
      .header('cache-control', 'no-store')
      .type(problemMediaType(request.headers.accept))
      .send(JSON.stringify({ ...answer, ...request.routeOptions.config?.problem?.describe(answer) }))
  }
}

/** What the artifact store throws while an answer is being made: the bytes that it keeps are away, or not what they were. */
function isCodedFailure(error: unknown): error is Error & { readonly code: string; readonly transient: boolean } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'transient' in error
}

/** The client went away while its answer was being read: no fault of the service, and no answer can reach it. */
function hasLeft(error: unknown, { raw }: FastifyRequest): boolean {
  return (
    raw.socket.destroyed && error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
  )
}

function problem(status: number, code: string, detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code }
}

/** What the HTTP server refuses by itself, such as a malformed URL, is the client's fault; its message is passed on. */
function clientErrorStatus(error: unknown): number | undefined {
  const status =
    error instanceof Error && 'code' in error && String(error.code).startsWith('FST_') && 'statusCode' in error
      ? Number(error.statusCode)
      : Number.NaN
  return status >= 400 && status < 500 ? (status === 422 ? 400 : status) : undefined
}

/** RFC 6750 §3: a caller without a token learns the scheme only, one with a bad token that it is bad. */
function challenge(code: string): string {
  return code === 'TOKEN_MISSING' ? 'Bearer realm="countersign"' : 'Bearer realm="countersign", error="invalid_token"'
}

/** Existing clients read a problem only when it is called plain JSON; those that know the type ask for it. */
export function problemMediaType(accept: string | undefined): string {
  return accept?.toLowerCase().includes('application/problem+json') === true
    ? 'application/problem+json'
    : 'application/json'
}
