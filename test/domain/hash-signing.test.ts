import { describe, expect, it } from 'vitest'
import { checkHashes } from '../../domain/index.ts'

const digest = Buffer.alloc(32, 7).toString('base64')
const payload = (hash: string) =>
  ({
    signatureAlgorithm: 'Ecdsa',
    hashAlgorithm: null,
    signatureFormat: 'ieee',
    hashes: [hash],
    metadata: null,
  }) as const

describe('hashes that are to be signed', () => {
  it('are base64 in the one form that each value has', () => expect(() => checkHashes(payload(digest))).not.toThrow())

  // By its length alone each would count as 32 bytes.
  it.each([
    ['characters that base64 does not have', `${'!'.repeat(43)}=`],
    ['the characters of base64url', `${digest.slice(0, 40)}-_w=`],
    ['bits behind the last byte', `${digest.slice(0, 42)}d=`],
    ['padding in the middle', `${digest.slice(0, 20)}====${digest.slice(24)}`],
    ['white space', `${digest.slice(0, 40)}   =`],
  ])('are refused with %s', (_, hash) => {
    expect(hash).toHaveLength(44)
    expect(() => checkHashes(payload(hash))).toThrow(expect.objectContaining({ code: 'HASH_PAYLOAD_MALFORMED' }))
  })
})
