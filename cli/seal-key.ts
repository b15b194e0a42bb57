import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'

/** A private key as only the key store can open it, as `completeCertificateImport` takes it. Both in base64. */
export type SealedKey = { readonly wrappedSecret: string; readonly wrappedKey: string }

/** The initial value of AES-KWP (RFC 5649 §3), without the length that the cipher adds. */
const initialValue = Buffer.from('a65959a6', 'hex')

/**
 * Encrypts a private key for a transport key: with a random AES-256 key by AES-KWP (RFC 5649), which is encrypted by RSA-OAEP
 * with SHA-1, the form that every PKCS#11 token opens.
 *
 * @param privateKey DER PrivateKeyInfo (RFC 5208)
 * @param transportKey DER SubjectPublicKeyInfo, base64
 */
export function sealKey(privateKey: Uint8Array, transportKey: string): SealedKey {
  const key = createPublicKey({ key: Buffer.from(transportKey, 'base64'), format: 'der', type: 'spki' })
  const secret = randomBytes(32)
  try {
    const cipher = createCipheriv('id-aes256-wrap-pad', secret, initialValue)
    const wrappedKey = Buffer.concat([cipher.update(privateKey), cipher.final()])
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const wrappedSecret = publicEncrypt({ key, padding, oaepHash: 'sha1' }, secret)
    return { wrappedSecret: wrappedSecret.toString('base64'), wrappedKey: wrappedKey.toString('base64') }
  } finally {
    secret.fill(0)
  }
}
