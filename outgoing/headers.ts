import { OutgoingError } from './outgoing-error.ts'

/** What a request says of its connection, its body and its answer is ours to say (RFC 9110 §7.6, RFC 9112). */
const ours: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The most bytes that one value may have. */
const longestValue = 8_192
/** The most headers of one request. */
const mostHeaders = 32

/**
 * Checks headers that somebody else wants sent: names are tokens, values visible ASCII with spaces and tabs within
 * (RFC 9110 §5.5), none twice, none of those that say how HTTP is spoken.
 *
 * @throws OutgoingError `OUTGOING_HEADER_INVALID`, which repeats the name at the most
 */
export function requireHeaders(headers: Readonly<Record<string, string>>): void {
  const names = Object.keys(headers)
  if (names.length > mostHeaders) throw invalid(`At most ${mostHeaders} headers are sent; got ${names.length}.`)
  const seen = new Set<string>()
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name))
      throw invalid("A header's name is a token of 1 to 128 letters, digits and hyphens.")
    const lower = name.toLowerCase()
    if (ours.has(lower)) throw invalid(`The header ${name} is set by the service.`)
    if (seen.has(lower)) throw invalid(`The header ${name} is named twice.`)
    seen.add(lower)
    if (value.length > longestValue || !/^([\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?)?$/.test(value))
      throw invalid(
        `The value of the header ${name} must be visible ASCII, at most ${longestValue} characters, without white space around it.`,
      )
  }
}

function invalid(why: string): OutgoingError {
  return new OutgoingError('OUTGOING_HEADER_INVALID', `The headers cannot be sent. ${why}`)
}
