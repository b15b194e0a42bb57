/** What is put into ASCII armor (RFC 9580 §6.2). */
export type ArmorLabel = 'PGP SIGNATURE' | 'PGP PUBLIC KEY BLOCK'

/**
 * ASCII armor without headers, with lines of 64 characters and the CRC-24 that old readers want (RFC 9580 §6.1 and §6.2).
 */
export function armored(bytes: Uint8Array, label: ArmorLabel): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc24(bytes))
  const check = `=${sum.subarray(1).toString('base64')}`
  return [`-----BEGIN ${label}-----`, '', ...lines, check, `-----END ${label}-----`, ''].join('\n')
}

/** CRC-24 (RFC 9580 §6.1.1). */
function crc24(bytes: Uint8Array): number {
  let crc = 0xb704ce
  for (const byte of bytes) {
    crc ^= byte << 16
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ ((crc & 0x800000) === 0 ? 0 : 0x1864cfb)
    crc &= 0xffffff
  }
  return crc
}
