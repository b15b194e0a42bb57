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

function groupsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(':')
}
