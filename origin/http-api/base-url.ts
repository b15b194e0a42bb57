import { z } from 'zod'
import { OriginError } from '../origin-error.ts'

/** Why a text is no base URL of an API; undefined when it is one. */
function faultOf(text: string): string | undefined {
  const url = text.length <= 2_000 && !/[\s\p{Cc}\\]/u.test(text) ? URL.parse(text) : null
  if (url === null || !/^https?:\/\/[^/]/i.test(text)) return 'it must be an absolute address that begins with https://'
  if (url.username !== '' || url.password !== '') return 'it must hold neither user nor password'
  if (/[?#]/.test(text)) return 'it must end with its path, without ? or #'
  if (isClimbing(text.replace(/^https?:\/\/[^/]*/i, ''))) return 'its path must hold no . or .. of its own'
  return undefined
}

/**
 * Whether a path has segments that URLs resolve (WHATWG URL, single-dot and double-dot segments), or that a proxy resolves which
 * decodes slashes first.
 */
function isClimbing(path: string): boolean {
  return /(^|[/\\]|%2f|%5c)(\.|%2e){1,2}([/\\]|%2f|%5c|$)/i.test(path)
}

/**
 * The address below which an API is called, as a setting: `https://api.github.com`, `https://git.example.com/api/v4`. Whether
 * `http://` and private networks may be called is the operator's to say, and is checked with each call.
 */
export const apiBaseUrl = z.string().superRefine((text, context) => {
  const fault = faultOf(text)
  if (fault !== undefined) context.addIssue({ code: 'custom', message: `The base URL cannot be used: ${fault}.` })
})

/**
 * Reads a base URL; its path ends with `/`.
 *
 * @throws OriginError `ORIGIN_API_BASE_URL_INVALID`
 */
export function parseBaseUrl(text: string): URL {
  const fault = faultOf(text)
  if (fault !== undefined)
    throw new OriginError('ORIGIN_API_BASE_URL_INVALID', `The base URL of the API cannot be used: ${fault}.`)
  return new URL(text.endsWith('/') ? text : `${text}/`)
}

/**
 * A path of segments that a build may have named: each stays one segment, whatever it holds.
 *
 * @throws OriginError `ORIGIN_API_PATH_INVALID` when one is empty, leads up by dots, or holds control characters
 */
export function pathOf(...segments: readonly (string | number)[]): string {
  return segments
    .map(String)
    .map((segment) => {
      if (segment === '' || isClimbing(segment) || /\p{Cc}/u.test(segment) || !segment.isWellFormed())
        throw invalidPath()
      return encodeURIComponent(segment)
    })
    .join('/')
}

/**
 * An address below a base URL.
 *
 * @throws OriginError `ORIGIN_API_PATH_INVALID` when the path leads elsewhere
 */
export function addressBelow(base: URL, path: string, query: Readonly<Record<string, string | number>> = {}): URL {
  const isPlain = !/^[/\\]|[\s\p{Cc}?#\\]/u.test(path) && !isClimbing(path)
  const url = isPlain ? URL.parse(`${base.href}${path}`) : null
  if (url === null || !isBelow(base, url)) throw invalidPath()
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, String(value))
  return url
}

/** Whether an address is the base URL's or below it, so that credentials for the API may go there. */
export function isBelow(base: URL, url: URL): boolean {
  return url.origin === base.origin && `${url.pathname}/`.startsWith(base.pathname) && !isClimbing(url.pathname)
}

function invalidPath(): OriginError {
  return new OriginError(
    'ORIGIN_API_PATH_INVALID',
    'A name or id of the build cannot be part of an address: it is empty, has . or .. between slashes, or holds control characters.',
  )
}
