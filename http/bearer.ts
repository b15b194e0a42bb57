/** The tokens of an `Authorization` header. */
export type BearerTokens = {
  /** Who calls. */
  readonly apiToken?: string
  /** The trusted build system that vouches for the call. */
  readonly trustedBuildSystemToken?: string
}

/**
 * Reads an `Authorization` header (RFC 6750 §2.1), or what stands for one: `Bearer <api token>`, or, from a trusted build
 * system, `Bearer <api token>:<build system token>`. Nothing when it is missing or has another form.
 */
export function bearerTokens(authorization: unknown): BearerTokens {
  const [, credentials] = typeof authorization === 'string' ? (/^Bearer +([^ ]+) *$/i.exec(authorization) ?? []) : []
  if (credentials === undefined) return {}
  const colon = credentials.indexOf(':')
  return colon === -1
    ? { apiToken: credentials }
    : { apiToken: credentials.slice(0, colon), trustedBuildSystemToken: credentials.slice(colon + 1) }
}
