/**
 * The HTTP status of a refusal's code. A code that is not named here is about the input: 400, never 422, because
 * existing clients know no other.
 */
export function statusOfRefusal(code: string): number {
  const known = statuses.get(code)
  if (known !== undefined) return known
  if (code.endsWith('_NOT_FOUND')) return 404
  return /_(?:EXISTS|TAKEN)$/.test(code) ? 409 : 400
}

const statuses: ReadonlyMap<string, number> = new Map([
  ['TOKEN_MISSING', 401],
  ['TOKEN_INVALID', 401],
  ['TOKEN_REVOKED', 401],
  ['TOKEN_EXPIRED', 401],
  ['USER_DEACTIVATED', 401],
  ['TOKEN_NETWORK_REFUSED', 401],
  ['TRUSTED_BUILD_SYSTEM_TOKEN_INVALID', 401],
  ['TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED', 401],
  ['TRUSTED_BUILD_SYSTEM_DISABLED', 401],
  ['USER_INVITED', 401],
  ['INVITATION_INVALID', 403],
  ['UNSUBSCRIPTION_INVALID', 403],
  ['INVITATION_ACCEPTED', 410],
  ['INVITATION_REVOKED', 410],
  ['INVITATION_EXPIRED', 410],
  ['FORBIDDEN', 403],
  ['API_TOKEN_SCOPE_EXCEEDED', 403],
  ['API_TOKEN_WIDER', 403],
  ['NOT_AN_APPROVER', 403],
  ['SUBMITTER_MAY_NOT_APPROVE', 403],
  ['CERTIFICATE_NOT_ISSUED', 409],
  ['ARTIFACT_NOT_RETRIEVED', 409],
  ['CHANGE_STALE', 409],
  ['ARTIFACT_CONFIGURATION_NOT_FOUND', 400],
  ['REQUEST_TOO_LARGE', 413],
  ['IDEMPOTENCY_KEY_REUSED', 409],
  ['IDEMPOTENCY_KEY_IN_USE', 409],
  ['UPLOAD_NOT_AWAITED', 409],
  ['EXPORT_IN_PROGRESS', 409],
  ['PRECONDITION_FAILED', 412],
  ['ARTIFACT_TOO_LARGE', 413],
  ['CONTENT_TYPE_UNSUPPORTED', 415],
  ['CONTENT_ENCODING_UNSUPPORTED', 415],
  ['RANGE_NOT_SATISFIABLE', 416],
  ['UPLOAD_QUOTA_EXCEEDED', 429],
  ['TOO_MANY_REQUESTS', 429],
  ['TOO_MANY_UPLOADS', 429],
  ['TOO_MANY_WAITING_CALLS', 429],
])
