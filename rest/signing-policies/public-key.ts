import { type KeyObject, X509Certificate } from 'node:crypto'
import { z } from 'zod'

/** What is said of a certificate's key. */
export const publicKeyFields = {
  keyType: z.enum(['Rsa', 'Ecdsa']),
  keySizeInBits: z.number().int(),
  rsaParameters: z
    .object({ publicExponent: z.base64(), modulus: z.base64() })
    .nullable()
    .meta({ description: 'Unsigned, the most significant byte first. Null for other keys.' }),
  ecPoint: z.base64().nullable().meta({ description: 'Uncompressed (SEC 1 §2.3.3). Null for other keys.' }),
  ecCurve: z.enum(['P-256', 'P-384', 'P-521']).nullable(),
  certificateBytes: z.base64().meta({ description: 'The certificate, DER.' }),
  publicKeyBytes: z.base64().meta({ description: 'Its SubjectPublicKeyInfo, DER.' }),
}

type PublicKey = z.input<z.ZodObject<typeof publicKeyFields>>

const sizes = { 'P-256': 256, 'P-384': 384, 'P-521': 521 } as const

/** The key of a certificate, DER; `undefined` for a kind of key that has no name here, and what cannot be read. */
export function publicKeyOf(der: Buffer): PublicKey | undefined {
  const publicKey = keyIn(der)
  if (publicKey === undefined) return undefined
  const bytes = {
    certificateBytes: der.toString('base64'),
    publicKeyBytes: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  }
  const { kty, n, e, crv, x, y } = publicKey.export({ format: 'jwk' })
  if (kty === 'RSA' && n !== undefined && e !== undefined) {
    const rsaParameters = { publicExponent: asBase64(e), modulus: asBase64(n) }
    const keySizeInBits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0
    return { keyType: 'Rsa', keySizeInBits, rsaParameters, ecPoint: null, ecCurve: null, ...bytes }
  }
  if (kty !== 'EC' || x === undefined || y === undefined || !isCurve(crv)) return undefined
  const ecPoint = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  const ec = { ecPoint: ecPoint.toString('base64'), ecCurve: crv }
  return { keyType: 'Ecdsa', keySizeInBits: sizes[crv], rsaParameters: null, ...ec, ...bytes }
}

function keyIn(der: Buffer): KeyObject | undefined {
  try {
    return new X509Certificate(der).publicKey
  } catch {
    return undefined
  }
}

function asBase64(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('base64')
}

function isCurve(name: string | undefined): name is keyof typeof sizes {
  return name !== undefined && Object.hasOwn(sizes, name)
}
