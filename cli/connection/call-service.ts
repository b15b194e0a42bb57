import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Connection } from './connection.ts'

/** How one HTTP call is made. */
export type Call = {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | AsyncIterable<Uint8Array>
  readonly signal?: AbortSignal | undefined
}

/**
 * Calls the service over HTTP with the caller's token, if there is one. Answers whatever the service answers; redirections are errors,
 * because following one would take the token, and the body, somewhere that nobody named.
 *
 * @throws CliError `SERVER_UNREACHABLE` (also when the connection breaks), `SERVER_REDIRECTS`, `CLIENT_CERTIFICATE_REFUSED`; an `AbortError` when the
 *   signal says so
 */
export async function callService(
  { server, token, certified }: Pick<Connection, 'server' | 'certified'> & Partial<Pick<Connection, 'token'>>,
  target: URL,
  call: Call,
): Promise<Response> {
  const { method, headers, body, signal } = call
  const credentials = await headersOf(token, signal)
  let response: Response
  try {
    response = await (certified?.fetch ?? fetch)(target, {
      method,
      headers: {
        ...headers,
        ...credentials,
        'user-agent': 'countersign-cli',
      },
      ...(body === undefined ? {} : { body, duplex: 'half' }),
      ...(signal === undefined ? {} : { signal }),
      // A stream that might have to be sent again elsewhere is kept in memory, all of it, by fetch.
      redirect: typeof body === 'object' ? 'error' : 'manual',
    } as RequestInit)
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    const refusal = certified?.refusalOf(server, error)
    if (refusal !== undefined) throw refusal
    throw isRedirection(error) ? redirects(target, null) : unreachable(server, error)
  }
  if (response.status >= 300 && response.status < 400) {
    await response.body?.cancel()
    throw redirects(target, response.headers.get('location'))
  }
  return response
}

async function headersOf(token: Connection['token'] | undefined, signal: AbortSignal | undefined) {
  if (token === undefined) return {}
  if (typeof token === 'string') return { authorization: `Bearer ${token}` }
  const { organizationId } = token
  return { authorization: `Bearer ${await token.current(signal)}`, 'countersign-organization': organizationId }
}

function isRedirection(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.message === 'unexpected redirect'
}

function redirects(target: URL, where: string | null): CliError {
  return new CliError('SERVER_REDIRECTS', `${target.origin} redirects to ${where ?? 'another place'}.`, {
    hint: 'Name the server by the URL that it really has (--url, COUNTERSIGN_URL).',
    exitCode: exitCode.usage,
  })
}

/** The error of a connection that failed or broke; {@link wasNotSent} tells whether the call may have arrived. */
export function unreachable(server: URL, cause: unknown): CliError {
  return new CliError('SERVER_UNREACHABLE', `${server.origin} cannot be reached: ${reasonOf(cause)}.`, {
    hint: 'Is the service running (`countersign serve`), and is the URL right (--url, COUNTERSIGN_URL)?',
    exitCode: exitCode.unreachable,
    cause,
  })
}

/** Whether the service certainly never saw the call: no connection came about. */
export function wasNotSent(error: unknown): boolean {
  return failureCodes(error).some((code) =>
    ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].includes(code),
  )
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up at the moment',
  ECONNRESET: 'it broke the connection',
  EPIPE: 'it broke the connection',
  UND_ERR_ABORTED: 'a proxy on the way (HTTPS_PROXY) did not let it through',
  UND_ERR_SOCKET: 'it broke the connection',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  UND_ERR_BODY_TIMEOUT: 'it stopped answering',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its TLS certificate is self-signed (NODE_EXTRA_CA_CERTS names further authorities)',
  SELF_SIGNED_CERT_IN_CHAIN: 'its TLS certificate is of an unknown authority (NODE_EXTRA_CA_CERTS names further ones)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its TLS certificate is of an unknown authority (NODE_EXTRA_CA_CERTS names further ones)',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there (is it http instead of https?)',
}

function reasonOf(cause: unknown): string {
  if (cause instanceof DOMException && cause.name === 'TimeoutError') return 'it does not answer'
  const codes = failureCodes(cause)
  const known = codes.find((code) => Object.hasOwn(reasons, code))
  return known !== undefined ? (reasons[known] ?? known) : (codes[0] ?? innermostMessage(cause))
}

function innermostMessage(error: unknown): string {
  if (!(error instanceof Error)) return 'the connection failed'
  return error.cause === undefined ? error.message : innermostMessage(error.cause)
}

function failureCodes(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const own = 'code' in error && typeof error.code === 'string' && !(error instanceof CliError) ? [error.code] : []
  const inner = error instanceof AggregateError ? error.errors.flatMap(failureCodes) : []
  return [...own, ...inner, ...failureCodes(error.cause)]
}
