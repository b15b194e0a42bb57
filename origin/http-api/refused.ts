import { STATUS_CODES } from 'node:http'
import { type OutgoingAnswer, OutgoingError } from '../../outgoing/index.ts'
import { OriginError, type OriginErrorCode } from '../origin-error.ts'
import { pauseAskedFor, rateLimited, retryAfter } from './rate-limits.ts'

/** What was asked, as errors name it. */
export type Asked = {
  /** `GitHub`, `GitLab`. */
  readonly system: string
  /** The path, without query. */
  readonly what: string
}

/** Why a call failed for good, as a check or an error says it. */
export type ApiRefusal = { readonly code: OriginErrorCode; readonly message: string }

/** Statuses, besides those from 500 on, that say that the same call may succeed later (RFC 9110 §15.5, RFC 8470). */
const passing: ReadonlySet<number> = new Set([408, 425])

/** The most bytes that are read of an answer to learn whether it asks for a pause. */
const mostReadBytes = 65_536

/**
 * What the status of an answer means that is not the one hoped for: the credentials are wrong, lack a permission, or what was
 * asked for is not there.
 *
 * @param permission what the credentials must allow, as the system calls it: `actions: read`, `read_api`
 */
export function refusalOf(status: number, { system, what }: Asked, permission: string): ApiRefusal {
  const said = `${system} answered ${`${status} ${STATUS_CODES[status] ?? ''}`.trim()} to ${what}.`
  // Azure DevOps answers 203 with a page to sign in on.
  if (status === 401 || status === 203)
    return {
      code: 'ORIGIN_API_UNAUTHENTICATED',
      message: `${said} It does not accept the credentials: they are wrong, were withdrawn or have expired. Give new ones.`,
    }
  if (status === 403)
    return {
      code: 'ORIGIN_API_FORBIDDEN',
      message: `${said} The credentials lack the permission ${permission}. Give it to them.`,
    }
  if (status === 404 || status === 410)
    return {
      code: 'ORIGIN_API_NOT_FOUND',
      message: `${said} It is not there, or the credentials may not see it, for which they need the permission ${permission}.`,
    }
  return {
    code: 'ORIGIN_API_REFUSED',
    message: `${said} It does not take this call. See whether the base URL is that of its API, in a version that is supported.`,
  }
}

/**
 * What an answer means that may be another one later; undefined when its status is the answer.
 *
 * @param now milliseconds since 1970
 */
export async function passingFault(
  { system, what }: Asked,
  answer: OutgoingAnswer,
  text: () => Promise<string>,
  now: number,
): Promise<OriginError | undefined> {
  const { status, headers } = answer
  if (status === 429 || status === 403) {
    const pause = pauseAskedFor(status, headers, await text(), now)
    return pause === undefined ? undefined : rateLimited(system, pause)
  }
  if (status < 500 && !passing.has(status)) return undefined
  const pause = retryAfter(headers, now)
  return new OriginError('ORIGIN_API_UNAVAILABLE', `${system} answered ${status} to ${what}. It is asked again.`, {
    isPassing: true,
    retryAfterSeconds: pause === undefined ? null : Math.ceil(pause / 1_000),
  })
}

/** Reads the beginning of an answer that says no, and ends it. */
export async function beginningOf(answer: OutgoingAnswer): Promise<string> {
  const chunks: Uint8Array[] = []
  let read = 0
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk)
      read += chunk.byteLength
      if (read >= mostReadBytes) break
    }
  } catch {
    // Its status says no; what else would have come explains at the most.
  } finally {
    answer.discard()
  }
  return Buffer.concat(chunks).toString('latin1')
}

/**
 * What a call that failed means; what ended it from outside stays as it is. Where an API cannot be called as it is set up, an
 * administrator or the operator mends that, and the call is made again.
 */
export function errorOfCall({ system, what }: Asked, error: unknown): unknown {
  if (!(error instanceof OutgoingError)) return error
  const { code, message } = error
  if (code === 'OUTGOING_ANSWER_TOO_LARGE')
    return new OriginError('ORIGIN_API_ANSWER_TOO_LARGE', `${system}'s answer to ${what} is too large. ${message}`)
  if (code === 'OUTGOING_REDIRECT_REFUSED') return redirectRefused({ system, what }, message)
  return new OriginError('ORIGIN_API_UNAVAILABLE', `${system} cannot be asked for ${what}. ${message}`, {
    isPassing: true,
  })
}

/** Says that an answer leads to where it is not followed. */
export function redirectRefused({ system, what }: Asked, why: string): OriginError {
  return new OriginError('ORIGIN_API_REDIRECT_REFUSED', `${system}, asked for ${what}, leads elsewhere. ${why}`)
}
