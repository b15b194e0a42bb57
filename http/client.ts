import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv4 } from 'node:net'

/** Who is at the other end of a request. */
export type Client = {
  /** IP address; `undefined` when the connection is gone. */
  readonly address: string | undefined
  /** How the client speaks to the service, or to the proxy before it. */
  readonly protocol: 'http' | 'https'
}

/** Which proxies are believed. */
export type TrustedProxies = {
  readonly has: (address: string) => boolean
}

/**
 * The proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
 *
 * @param ranges addresses and CIDR ranges, as {@link isAddressRange} takes them
 */
export function trustedProxies(ranges: readonly string[]): TrustedProxies {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return {
    has(address) {
      const plain = plainAddress(address)
      return plain !== undefined && list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6')
    },
  }
}

/** Whether text is an IP address or a range in CIDR form (RFC 4632, RFC 4291 §2.3), such as `10.0.0.0/8`. */
export function isAddressRange(text: string): boolean {
  const [, address = '', prefix] = /^([0-9A-Fa-f.:]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? []
  const family = isIP(address)
  return family > 0 && Number(prefix ?? 0) <= (family === 4 ? 32 : 128)
}

/**
 * Who sent a request. What `X-Forwarded-…` says counts from trusted proxies only: from the end of the list, each address
 * that is a trusted proxy is passed over, and the first that is none is the client. An entry that is no address ends the
 * walk, since whatever stands before it came from somebody unknown.
 */
export function clientOf(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  trusted: TrustedProxies,
): Client {
  const peer = socket.remoteAddress === undefined ? undefined : plainAddress(socket.remoteAddress)
  if (peer === undefined || !trusted.has(peer))
    return { address: peer, protocol: 'encrypted' in socket ? 'https' : 'http' }
  let address = peer
  for (const entry of listOf(headers['x-forwarded-for']).reverse()) {
    const forwarded = plainAddress(entry)
    if (forwarded === undefined) break
    address = forwarded
    if (!trusted.has(forwarded)) break
  }
  // The nearest proxy's word is the last one.
  const protocol = listOf(headers['x-forwarded-proto']).at(-1)?.toLowerCase() === 'https' ? 'https' : 'http'
  return { address, protocol }
}

function listOf(header: string | readonly string[] | undefined): string[] {
  const text = typeof header === 'string' ? header : (header ?? []).join(',')
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

/** An address without brackets, port and the IPv6 form of IPv4; `undefined` when it is none. */
function plainAddress(text: string): string | undefined {
  const [, bracketed] = /^\[([^\]]+)\](?::\d+)?$/.exec(text) ?? []
  const [, withPort] = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text) ?? []
  const bare = bracketed ?? withPort ?? text
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare) ?? []
  const address = mapped ?? bare
  return isIP(address) > 0 ? address : undefined
}
