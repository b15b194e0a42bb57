import { OutgoingError } from './outgoing-error.ts'

/** The longest address that is called, in characters. */
const longestUrl = 8_192

/**
 * Reads an address that somebody else chose. What stands behind `#` is dropped: it is no part of a request.
 *
 * @throws OutgoingError `OUTGOING_URL_INVALID`, which repeats nothing of the text
 */
export function parseTarget(text: string, { allowHttp }: { readonly allowHttp: boolean }): URL {
  const forms = allowHttp ? 'https:// or http://' : 'https://'
  const url = text.length <= longestUrl && !/[\p{Cc}\s]/u.test(text) ? URL.parse(text) : null
  if (url === null || !/^https?:\/\/[^/]/i.test(text) || !/^https?:$/.test(url.protocol))
    throw invalid(`It must be an absolute address that begins with ${forms}, of ${longestUrl} characters at the most.`)
  if (url.protocol === 'http:' && !allowHttp)
    throw invalid('Only https:// is called. The operator allows http:// by COUNTERSIGN_OUTGOING_ALLOW_HTTP.')
  if (url.username !== '' || url.password !== '')
    throw invalid('It names a user or a password before the host, which is not sent: use a header instead.')
  url.hash = ''
  return url
}

function invalid(why: string): OutgoingError {
  return new OutgoingError('OUTGOING_URL_INVALID', `The address cannot be called. ${why}`)
}
