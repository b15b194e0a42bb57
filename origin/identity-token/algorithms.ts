import type { JWK } from 'jose'

/** What a key must be for an algorithm (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
const keyOf = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
} as const satisfies Readonly<Record<string, { readonly kty: string; readonly crv?: string }>>

/** An algorithm of signatures by a private key. Those by a shared secret, and none, are no member. */
export type TokenAlgorithm = keyof typeof keyOf

/** All that an issuer's tokens may be signed by. */
export const tokenAlgorithms = Object.keys(keyOf) as [TokenAlgorithm, ...TokenAlgorithm[]]

/** Whether a public key may check signatures of an algorithm: its type and curve fit, and it says nothing else of its use. */
export function fits(key: JWK, algorithm: TokenAlgorithm): boolean {
  const wanted: { readonly kty: string; readonly crv?: string } = keyOf[algorithm]
  return (
    key.kty === wanted.kty &&
    (wanted.crv === undefined || key.crv === wanted.crv) &&
    (key.alg === undefined || key.alg === algorithm) &&
    (key.use === undefined || key.use === 'sig') &&
    (key.key_ops === undefined || (Array.isArray(key.key_ops) && key.key_ops.includes('verify')))
  )
}
