import { isIPv4, isIPv6 } from 'node:net'
import { isWithinNetwork } from '../domain/index.ts'

/**
 * Networks of IPv4 that no public server is in: those that IANA's registry of special-purpose addresses says are not
 * globally reachable (RFC 6890), multicast, and one public address by which a cloud's machines reach its control plane.
 */
const refusedIpv4: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '168.63.129.16/32',
]

/** What public servers have of IPv6 (RFC 4291 §2.4); everything else is local, multicast or reserved. */
const globalIpv6 = '2000::/3'
/** Of that, what is no public server's: protocol assignments with Teredo, documentation, 6to4. */
const refusedIpv6: readonly string[] = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']
/** Networks of IPv6 whose last 32 bits are the IPv4 address that is reached (RFC 4291 §2.5.5.2, RFC 6052 §2.1). */
const carriesIpv4: readonly string[] = ['::ffff:0:0/96', '64:ff9b::/96']

/**
 * Whether nobody may be sent to an address: it is private, of this machine or link, multicast or reserved, and in none of
 * the networks that the operator allowed. An IPv6 address that stands for one of IPv4 is judged as that one. What is no
 * address is refused.
 *
 * @param allowedNetworks in CIDR notation, as `parseNetwork` gives them
 */
export function isRefusedAddress(address: string, allowedNetworks: readonly string[]): boolean {
  const plain = carriedIpv4(address) ?? address
  if (allowedNetworks.some((network) => isWithinNetwork(plain, network))) return false
  return !isPublicAddress(plain)
}

/** Whether an address, of IPv4 or of IPv6 that carries none of IPv4, may be that of a public server. */
function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !refusedIpv4.some((network) => isWithinNetwork(address, network))
  if (!isIPv6(address) || address.includes('%')) return false
  return isWithinNetwork(address, globalIpv6) && !refusedIpv6.some((network) => isWithinNetwork(address, network))
}

function carriedIpv4(address: string): string | undefined {
  if (!isIPv6(address) || address.includes('%')) return undefined
  // One spelling for all: eight groups at the most, none with dots (WHATWG URL, serializing of hosts).
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  if (!carriesIpv4.some((network) => isWithinNetwork(canonical, network))) return undefined
  const groups = canonical.split(':').slice(-2)
  const [high = 0, low = 0] = groups.map((group) => (group === '' ? 0 : Number.parseInt(group, 16)))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
