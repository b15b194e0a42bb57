import { CliError, usageError } from '../cli-error.ts'

/** Where a service is: an http or https URL without query, fragment, user or password, path ended by a slash. */
export type ServerAddress = URL

/**
 * Reads a server's URL.
 *
 * @param source where it was given, for the message
 * @throws CliError `URL_MALFORMED` (exit code: usage)
 */
export function parseServerAddress(text: string, source: string): ServerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const right = 'It looks like https://signing.example.com or http://127.0.0.1:8080.'
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw usageError(
      `${source} is not an http or https URL: ${JSON.stringify(text.slice(0, 200))}.`,
      right,
      'URL_MALFORMED',
    )
  if (url.username !== '' || url.password !== '')
    throw usageError(
      `${source} holds a user name or password.`,
      'The token goes into COUNTERSIGN_TOKEN.',
      'URL_MALFORMED',
    )
  if (url.search !== '' || url.hash !== '')
    throw usageError(`${source} has a query or fragment, which a server's URL has not.`, right, 'URL_MALFORMED')
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/** The address of a resource below the server's. */
export function resourceOf(server: ServerAddress, path: string): URL {
  return new URL(path, server)
}

/**
 * A link that the service gave out, at the address by which it was reached: the service may know itself by another name,
 * and the token goes nowhere but to the server that the person named.
 *
 * @throws CliError `ANSWER_UNEXPECTED` when it is no link
 */
export function followedLink(server: ServerAddress, link: string): URL {
  if (!URL.canParse(link, server.href))
    throw new CliError('ANSWER_UNEXPECTED', `${server.origin} gave out a malformed link: ${link.slice(0, 200)}`)
  const target = new URL(link, server)
  return target.origin === server.origin ? target : new URL(target.pathname + target.search, server)
}

/** Whether what is sent there can be read on the way: http to another machine. */
export function isReadableOnTheWay(server: ServerAddress): boolean {
  const { protocol, hostname } = server
  const own = hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]'
  return protocol === 'http:' && !own && !/^127\.\d+\.\d+\.\d+$/.test(hostname)
}
