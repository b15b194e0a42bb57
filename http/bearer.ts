/**
 * The API token of an `Authorization` header (RFC 6750 §2.1); `undefined` when there is none. A trusted build system
 * sends its own token after the API token and a colon; who calls is said by the first alone.
 */
export function bearerToken(authorization: unknown): string | undefined {
  const [, credentials] = typeof authorization === 'string' ? (/^Bearer +([^ ]+) *$/i.exec(authorization) ?? []) : []
  return credentials?.split(':', 1)[0]
}
