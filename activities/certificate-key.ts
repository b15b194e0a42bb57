import { type CertificateId, Refusal, type UsableCertificate } from '../domain/index.ts'
import type { Token } from '../signing/pkcs11/index.ts'
import type { SigningKey } from '../signing/signing-key.ts'

/** The CKA_ID of a certificate's key pair: the id's 16 bytes. */
export function keyIdOf(certificateId: CertificateId): Uint8Array {
  return Buffer.from(certificateId.replaceAll('-', ''), 'hex')
}

/**
 * Finds a certificate's key in the token.
 *
 * @throws Refusal `KEY_NOT_FOUND` when the token does not hold it, `KEY_MISMATCH` when it is not the certificate's
 */
export async function certificateKey(token: Token, certificate: UsableCertificate): Promise<SigningKey> {
  const key = await token.findKey(keyIdOf(certificate.certificateId))
  if (key === undefined)
    throw new Refusal(
      'KEY_NOT_FOUND',
      `The token does not hold the key of the certificate ${certificate.name}. Is the signer connected to the right token?`,
    )
  if (!Buffer.from(certificate.publicKey, 'base64').equals(key.publicKey))
    throw new Refusal('KEY_MISMATCH', `The token's key is not the one that ${certificate.name} was issued for.`)
  return key
}
