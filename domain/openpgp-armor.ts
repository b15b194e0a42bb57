/** What is put into ASCII armor (RFC 9580 §6.2). */
export type ArmorLabel = 'PGP SIGNATURE' | 'PGP PUBLIC KEY BLOCK'

/**
 * ASCII armor without headers, with lines of 64 characters and the CRC-24 that old readers want (RFC 9580 §6.1 and §6.2).
 *
 * @param base64 of the binary form
 */
export function armored(base64: string, label: ArmorLabel): string {
  const sum = crc24(atob(base64))
  const check = btoa(String.fromCharCode((sum >> 16) & 0xff, (sum >> 8) & 0xff, sum & 0xff))
  const lines = base64.match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, '', ...lines, `=${check}`, `-----END ${label}-----`, ''].join('\n')
}

/** CRC-24 (RFC 9580 §6.1.1) of octets, each of them a character. */
function crc24(octets: string): number {
  let crc = 0xb704ce
  for (let at = 0; at < octets.length; at++) {
    crc ^= octets.charCodeAt(at) << 16
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ ((crc & 0x800000) === 0 ? 0 : 0x1864cfb)
    crc &= 0xffffff
  }
  return crc
}
