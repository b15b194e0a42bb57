import { permissionRule } from '../../domain/index.ts'
import { statusOfRefusal } from '../http-status.ts'
import { namesOrganization, type Operation } from '../operation.ts'
import found from './refusals.json' with { type: 'json' }

/**
 * What `npm run schema` found in the source: codes of whoever has a token, of bodies, and of handlers, use cases and deciders by
 * operation.
 */
const { authentication, fields, file, operations }: Found = found

type Found = {
  readonly authentication: readonly string[]
  readonly fields: readonly string[]
  readonly file: readonly string[]
  readonly operations: Readonly<Record<string, readonly string[]>>
}

/**
 * The codes with which a call of an operation may be refused: those that follow from what it takes, and those that its use case and
 * the rules of the domain have. `docs/error-codes.md` says what each means.
 */
export function refusalsOf({
  operationId,
  access,
  path,
  method,
  parameters,
  query,
  body,
  idempotency = 'answerKept',
  refusals = [],
}: Operation): readonly string[] {
  const isOpen = access === 'everybody'
  const shape = body?.kind === 'fields' && 'shape' in body.schema ? Object.keys(body.schema.shape as object) : []
  const takes = (...names: readonly string[]) => names.every((name) => Object.keys(query?.shape ?? {}).includes(name))
  const hasParameters = Object.keys(parameters?.shape ?? {}).length > 0
  const isKeyed = method !== 'GET' && !isOpen && body?.kind !== 'file'
  const codes = [
    'TOO_MANY_REQUESTS',
    ...(isOpen ? [] : [...authentication, 'API_TOKEN_SCOPE_EXCEEDED']),
    ...(isOpen || permissionRule(access).everyUser === true ? [] : ['FORBIDDEN']),
    ...(namesOrganization({ path }) ? ['ORGANIZATION_NOT_FOUND'] : []),
    ...(hasParameters || query !== undefined ? ['INPUT_MALFORMED'] : []),
    ...(takes('first', 'after') ? ['CURSOR_MALFORMED'] : []),
    ...(path.includes('{') ? ['REQUEST_MALFORMED'] : []),
    ...(body === undefined ? [] : body.kind === 'fields' ? fields : file),
    ...(body?.kind === 'file' || (body?.kind === 'fields' && body.files !== undefined) ? ['TOO_MANY_UPLOADS'] : []),
    ...(isKeyed ? ['IDEMPOTENCY_KEY_MALFORMED', 'IDEMPOTENCY_KEY_REUSED'] : []),
    ...(isKeyed && idempotency === 'answerKept' ? ['IDEMPOTENCY_KEY_IN_USE'] : []),
    ...(shape.includes('basedOnRevision') ? ['CHANGE_STALE'] : []),
    ...(shape.includes('changeReason') ? ['CHANGE_TOO_LARGE', 'TEXT_MALFORMED', 'TEXT_TOO_LONG'] : []),
    ...(operations[operationId] ?? []),
    ...refusals,
  ]
  return [...new Set(codes)].sort()
}

/** Codes by the status that they are answered with, the lowest first. */
export function byStatus(codes: readonly string[]): readonly (readonly [status: number, codes: readonly string[]])[] {
  const statuses = [...new Set(codes.map(statusOfRefusal))].sort((one, other) => one - other)
  return statuses.map((status) => [status, codes.filter((code) => statusOfRefusal(code) === status)])
}
