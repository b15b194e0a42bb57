/** Ports that stand for themselves, by scheme: with one of them an address is the same as without. */
const usualPorts: Readonly<Record<string, string>> = { https: '443', http: '80', ssh: '22', git: '9418' }

/** `scheme://user@host:port/path`; no user name holds `@`, so that nobody mistakes it for the host. */
const absolute = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(\[[^\]/?#@]*\]|[^/?#@:[\]]+)(?::([0-9]*))?([/?#].*)?$/i
/** `user@host:path`, as ssh's copying program has it. */
const secureCopy = /^(?:[^/?#@:]+@)?(\[[^\]/?#@]*\]|[^/?#@:[\]]+):(?!\/\/)(.+)$/

/**
 * The one form of a repository's address by which two are compared: host (in lower case, by IDNA), port where it is not the
 * scheme's own, and path. Left out are the scheme (`https`, `http`, `ssh`, `git`, with or without `git+`), user and password,
 * slashes at the end and one `.git`. `git@host:path` is read as `ssh://git@host/path`. Paths keep their case: servers that
 * tell `Team/Program` from `team/program` exist.
 *
 * @returns `null` for a text that is no such address
 */
export function normalizedRepositoryUrl(text: string): string | null {
  if (text.length > 4_000 || /[\\\s\p{Cc}]/u.test(text)) return null
  const found = absolute.exec(text)
  if (found !== null) {
    const [, scheme = '', host = '', port = '', rest = ''] = found
    return normalized(scheme.toLowerCase().replace(/^git\+/, ''), host, port, rest)
  }
  const [, host = '', path = ''] = secureCopy.exec(text) ?? []
  // `https:host/path` is an address of the web with too few slashes, and no path on a host of that name.
  return path === '' || Object.hasOwn(usualPorts, host.toLowerCase())
    ? null
    : normalized('ssh', host, '', path.startsWith('/') ? path : `/${path}`)
}

/** Whether two addresses are of one repository. What is no address is none of anything. */
export function isSameRepository(one: string, other: string): boolean {
  const normal = normalizedRepositoryUrl(one)
  return normal !== null && normal === normalizedRepositoryUrl(other)
}

function normalized(scheme: string, host: string, port: string, rest: string): string | null {
  const usual = usualPorts[scheme]
  // One scheme for all, so that the same rules hold for host and path (WHATWG URL, special schemes).
  const url = usual === undefined ? null : URL.parse(`https://${host}${rest}`)
  if (url === null || Number(port) > 65_535) return null
  const unusual = port === '' || Number(port) === Number(usual) ? '' : `:${Number(port)}`
  const path = withoutNeedlessEscapes(url.pathname)
    .replace(/\/+$/, '')
    .replace(/(?<=[^/])\.git$/, '')
  return `${url.hostname}${unusual}${path}${url.search}${url.hash}`
}

/** Letters, digits, `-`, `.`, `_` and `~` stand for themselves, and escapes are in capitals (RFC 3986 §6.2.2). */
function withoutNeedlessEscapes(path: string): string {
  return path.replaceAll(/%[0-9a-f]{2}/gi, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return /[A-Za-z0-9._~-]/.test(character) ? character : escaped.toUpperCase()
  })
}
