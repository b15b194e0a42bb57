import { CliError } from '../cli-error.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'

/** What the service says of an error, in GraphQL (`errors[].extensions.code`) or REST (RFC 9457 with `code`). */
export type ServiceFailure = { readonly code: string; readonly message: string; readonly status: number }

/** The longest message that is passed on, in characters; the service's own have some hundred. */
const longestMessage = 4_000

/** The service's refusal or failure, in the terms of the command line. */
export function serviceError({ code, message: said, status }: ServiceFailure): CliError {
  const message = said.length > longestMessage ? `${said.slice(0, longestMessage)} …` : said
  // Something else would be no code of ours, and scripts compare codes.
  if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(code))
    return new CliError(
      'ANSWER_UNEXPECTED',
      `The service refused with the malformed code ${JSON.stringify(code.slice(0, 80))}: ${message}`,
      {
        exitCode: exitCodeOf('', status),
      },
    )
  return new CliError(code, message, { hint: hints[code], exitCode: exitCodeOf(code, status) })
}

/**
 * The error for an answer that is no GraphQL and no REST of ours: something stands between, or something else listens.
 *
 * @throws nothing; it is to be thrown
 */
export function unexpectedAnswer(server: URL, response: Response): CliError {
  const { status } = response
  if (status === 429 || status >= 502)
    return new CliError('SERVER_UNAVAILABLE', `${server.origin} cannot serve now: HTTP ${status}.`, {
      exitCode: exitCode.unreachable,
    })
  if (status === 401)
    return new CliError('TOKEN_INVALID', `${server.origin} does not accept the API token (HTTP 401).`, {
      exitCode: exitCode.unauthenticated,
    })
  const type = response.headers.get('content-type')?.split(';')[0] ?? 'nothing'
  return new CliError('ANSWER_UNEXPECTED', `${server.origin} answered HTTP ${status} with ${type}.`, {
    hint: 'Is this a Countersign service, and the URL its root? (--url, COUNTERSIGN_URL)',
    exitCode: status >= 500 ? exitCode.fault : exitCode.usage,
  })
}

/** Whether the same call may succeed a little later without anybody doing anything about it. */
export function mayPass(error: unknown): error is CliError {
  return error instanceof CliError && error.exitCode === exitCode.unreachable
}

function exitCodeOf(code: string, status: number): ExitCode {
  if (code.startsWith('TOKEN_') || code === 'USER_DEACTIVATED' || status === 401) return exitCode.unauthenticated
  if (isPassing(code) || status === 503) return exitCode.unreachable
  if (code.startsWith('INTERNAL') || status >= 500) return exitCode.fault
  return exitCode.refused
}

// A part of the service is away, starting, or stopping.
function isPassing(code: string): boolean {
  return /_(UNAVAILABLE|CLOSED)$/.test(code) || ['READ_MODEL_BEHIND', 'READ_MODEL_NOT_READY'].includes(code)
}

const hints: Readonly<Record<string, string>> = {
  TOKEN_INVALID:
    'Is it the token of this server? Set COUNTERSIGN_TOKEN, or name a user of the embedded service by --as.',
  TOKEN_EXPIRED: 'A person makes a new one by another token of theirs; for a CI user, a user administrator makes one.',
  TOKEN_REVOKED: 'A person makes a new one by another token of theirs; for a CI user, a user administrator makes one.',
  SIGNING_REQUEST_NOT_FOUND: '`countersign request list` shows the requests.',
  KEY_NOT_FOUND: '`countersign key list` shows the keys.',
  CERTIFICATE_NOT_FOUND: '`countersign certificate list` shows the certificates.',
  PROJECT_NOT_FOUND: '`countersign project list` shows the projects.',
  SIGNING_POLICY_NOT_FOUND: '`countersign policy list` shows the signing policies.',
  PLAN_DIGEST_MISMATCH: '`countersign request show ID` shows the plan and its digest.',
  SIGNED_ARTIFACT_NOT_READY: '`countersign request watch ID` waits until it is.',
}
