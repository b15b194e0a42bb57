import { permissionRule } from '../../domain/index.ts'
import { type Operation, organizationPath } from '../operation.ts'

/**
 * The codes with which a call of an operation may be refused: those that follow from what it takes, and its own. A rule of the domain may
 * refuse it with further ones; `docs/error-codes.md` says what each means.
 */
export function refusalsOf({
  access,
  path,
  method,
  parameters,
  query,
  body,
  refusals = [],
}: Operation): readonly string[] {
  const shape = body?.kind === 'fields' && 'shape' in body.schema ? Object.keys(body.schema.shape as object) : []
  const inputs = [parameters, query].some((each) => Object.keys(each?.shape ?? {}).length > 0)
  const takes = (...names: readonly string[]) => names.every((name) => Object.keys(query?.shape ?? {}).includes(name))
  const codes = [
    ...(access === 'everybody' ? [] : ['TOKEN_MISSING', 'TOKEN_INVALID', 'TRUSTED_BUILD_SYSTEM_TOKEN_INVALID']),
    ...(access === 'everybody' || permissionRule(access).everyUser === true
      ? []
      : ['FORBIDDEN', 'API_TOKEN_SCOPE_EXCEEDED']),
    ...(path.startsWith(`${organizationPath}/`) ? ['ORGANIZATION_NOT_FOUND'] : []),
    ...(inputs || shape.length > 0 ? ['INPUT_MALFORMED'] : []),
    ...(takes('first', 'after') ? ['CURSOR_MALFORMED'] : []),
    ...(body?.kind === 'fields'
      ? ['REQUEST_MALFORMED', 'REQUEST_TOO_LARGE', 'CONTENT_TYPE_UNSUPPORTED', 'CONTENT_ENCODING_UNSUPPORTED']
      : []),
    ...(method !== 'GET' && access !== 'everybody' && body?.kind !== 'file'
      ? ['IDEMPOTENCY_KEY_MALFORMED', 'IDEMPOTENCY_KEY_REUSED']
      : []),
    ...(shape.includes('basedOnRevision') ? ['CHANGE_STALE'] : []),
    ...refusals,
  ]
  return [...new Set(codes)].sort()
}
