import { Refusal } from './refusal.ts'

/**
 * The network that an IP address is counted as: an IPv4 address is its own; of an IPv6 address it is the /64 prefix, the
 * smallest that a site is given (RFC 6177), within which whoever holds it chooses addresses freely. IPv4 addresses in IPv6
 * form (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) are IPv4 addresses. What is no address is its own network, cut to 64 characters.
 */
export function networkOf(address: string): string {
  const text = address.toLowerCase().slice(0, 64)
  if (!text.includes(':')) return text
  const [, ipv4] = /^::ffff:([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)$/.exec(text) ?? []
  if (ipv4 !== undefined) return ipv4
  const [head = '', tail] = text.replace(/%.*$/, '').split('::', 2)
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  // An IPv4 address at the end stands for two groups.
  const length = before.length + after.length + (text.includes('.') ? 1 : 0)
  const zeros = Array.from({ length: Math.max(0, 8 - length) }, () => '0')
  const groups = tail === undefined ? before : [...before, ...zeros, ...after]
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}

/**
 * The network around an IP address within which somebody is taken to be at the same place: /24 of an IPv4 address, /48 of an
 * IPv6 address, which is what a site is given as a rule (RFC 6177). What is no address is its own network.
 */
export function siteNetworkOf(address: string): string {
  const network = networkOf(address)
  if (network.endsWith('::/64')) return `${network.slice(0, -'::/64'.length).split(':').slice(0, 3).join(':')}::/48`
  return network.replace(/^(\d+\.\d+\.\d+)\.\d+$/, '$1.0/24')
}

function groupsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(':')
}

/** An address range: its first bits, and how long an address is. */
type Network = { readonly bits: bigint; readonly prefix: number; readonly length: 32 | 128 }

/**
 * Reads a network in CIDR notation (RFC 4632, RFC 4291 §2.3), such as `192.0.2.0/24`, `2001:db8::/32` or one address.
 *
 * @returns the text in lower case, with its prefix length
 * @throws Refusal `NETWORK_MALFORMED`, also when bits behind the prefix are set
 */
export function parseNetwork(text: string): string {
  const network = networkIn(text)
  if (network !== undefined) {
    const { bits, prefix, length } = network
    const rest = BigInt(length - prefix)
    if ((bits >> rest) << rest === bits) return `${text.toLowerCase().split('/')[0]}/${prefix}`
  }
  throw new Refusal(
    'NETWORK_MALFORMED',
    `${JSON.stringify(text.slice(0, 60))} is not a network: it must look like 192.0.2.0/24 or 2001:db8::/32, with no bit set behind the prefix.`,
  )
}

/** Whether an address, or all of a network, is in a network. An IPv4 address in IPv6 form is an IPv4 address. */
export function isWithinNetwork(inner: string, outer: string): boolean {
  const [one, other] = [networkIn(inner), networkIn(outer)]
  if (one === undefined || other === undefined || one.length !== other.length || one.prefix < other.prefix) return false
  const rest = BigInt(other.length - other.prefix)
  return one.bits >> rest === other.bits >> rest
}

function networkIn(text: string): Network | undefined {
  const [address = '', prefixText, more] = text.toLowerCase().slice(0, 64).split('/')
  if (more !== undefined || (prefixText !== undefined && !/^(0|[1-9]\d{0,2})$/.test(prefixText))) return undefined
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  const isV4 = mapped !== null || !address.includes(':')
  const bits = isV4 ? ipv4Bits(mapped?.[1] ?? address) : ipv6Bits(address)
  const length = isV4 ? 32 : 128
  const prefix = prefixText === undefined ? length : Number(prefixText) - (mapped === null ? 0 : 96)
  return bits === undefined || prefix < 0 || prefix > length ? undefined : { bits, prefix, length }
}

function ipv4Bits(address: string): bigint | undefined {
  const parts = address.split('.')
  if (parts.length !== 4 || parts.some((part) => !/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255))
    return undefined
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)
}

function ipv6Bits(address: string): bigint | undefined {
  const [head = '', tail, more] = address.split('::')
  if (more !== undefined) return undefined
  const [before, after] = [groupsOf(head), tail === undefined ? [] : groupsOf(tail)]
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...Array.from({ length: missing }, () => '0'), ...after]
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/.test(group))) return undefined
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}
