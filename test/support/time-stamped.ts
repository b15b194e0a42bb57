import { messageSignerOf } from '../../signing/cms/index.ts'
import { createTimestampToken, imprintOf, type TimestampClient } from '../../signing/timestamp/index.ts'
import type { TestIdentity } from './openssl.ts'

/** Gets time-stamps from an authority in memory. */
export function timestampsBy({ key, chain }: TestIdentity): TimestampClient {
  return {
    timestamp: ({ signature, hashAlgorithm }) =>
      createTimestampToken({
        request: { imprint: imprintOf(signature, hashAlgorithm), wantsCertificates: true },
        signer: messageSignerOf(key),
        certificateChain: chain,
        hashAlgorithm: 'sha256',
        policy: '2.999.1',
        serialNumber: Uint8Array.of(1),
        time: new Date(),
      }),
  }
}
