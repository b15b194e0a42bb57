import { randomUUID } from 'node:crypto'
import { GraphQLError, type GraphQLErrorExtensions } from 'graphql'
import { ServiceError } from '../application/index.ts'
import { Refusal } from '../domain/index.ts'
import type { FaultLog } from '../http/index.ts'
import { ReadModelError } from '../projections/index.ts'

/**
 * The one place where errors become GraphQL's: a refusal, or what we cannot do now, keeps its code and says it in
 * `extensions`; what nobody foresaw is `INTERNAL_ERROR` with an id that stands in the log beside the error itself.
 */
export function asGraphQLError(error: unknown, log: FaultLog): GraphQLError {
  const located = error instanceof GraphQLError ? error : undefined
  const original = originOf(error)
  if (original instanceof Refusal || original instanceof ReadModelError)
    return at(located, original.message, { code: original.code, details: original.details })
  if (original instanceof ServiceError || isCodedFailure(original))
    return at(located, original.message, { code: original.code, details: {} })
  if (original instanceof GraphQLError)
    return at(located ?? original, original.message, { ...original.extensions, code: codeOf(original) })
  const correlationId = randomUUID()
  log.error({ err: original, correlationId, path: located?.path }, 'a GraphQL request failed unexpectedly')
  return at(located, 'Something went wrong on our side. The log has more under the correlation id.', {
    code: 'INTERNAL_ERROR',
    correlationId,
  })
}

/** The error for a caller whom we do not know, or cannot find out about, with what HTTP needs (RFC 6750 §3). */
export function asUnauthenticated(error: unknown, log: FaultLog): GraphQLError {
  if (error instanceof Refusal) {
    const code = error.code === 'TOKEN_MISSING' ? 'UNAUTHENTICATED' : error.code
    const http = { status: 401, headers: { 'www-authenticate': 'Bearer' } }
    return new GraphQLError(error.message, { extensions: { code, details: { reason: error.code }, http } })
  }
  const { message, extensions } = asGraphQLError(error, log)
  const status = error instanceof ServiceError ? 503 : 500
  return new GraphQLError(message, { extensions: { ...extensions, http: { status } } })
}

// What the artifact store and other rooms throw: a stable code, and whether trying again may help.
function isCodedFailure(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'transient' in error
}

function originOf(error: unknown): unknown {
  let origin = error
  while (origin instanceof GraphQLError && origin.originalError != null) origin = origin.originalError
  return origin
}

// What GraphQL itself finds wrong: validation has its own code already; what is left are values that do not fit.
function codeOf({ extensions }: GraphQLError): string {
  return typeof extensions.code === 'string' ? extensions.code : 'BAD_USER_INPUT'
}

function at(located: GraphQLError | undefined, message: string, extensions: GraphQLErrorExtensions): GraphQLError {
  const { nodes, source, positions, path } = located ?? {}
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions,
  })
}
