import { constants, type KeyObject, verify } from 'node:crypto'
import { DerReader, hashOfPss, objectIdentifiers } from '../../signing/cms/index.ts'

const hashes: Readonly<Record<string, string | null>> = {
  [objectIdentifiers.sha256WithRsa]: 'sha256',
  [objectIdentifiers.sha384WithRsa]: 'sha384',
  [objectIdentifiers.sha512WithRsa]: 'sha512',
  [objectIdentifiers.ecdsaWithSha256]: 'sha256',
  [objectIdentifiers.ecdsaWithSha384]: 'sha384',
  [objectIdentifiers.ecdsaWithSha512]: 'sha512',
  [objectIdentifiers.ed25519]: null,
  [objectIdentifiers.ed448]: null,
}

const hashesOfPss: Readonly<Record<string, string>> = {
  [objectIdentifiers.sha256]: 'sha256',
  [objectIdentifiers.sha384]: 'sha384',
  [objectIdentifiers.sha512]: 'sha512',
}

const kinds: Readonly<Record<string, readonly string[]>> = {
  rsa: ['1.2.840.113549.1.1.'],
  'rsa-pss': ['1.2.840.113549.1.1.10'],
  ec: ['1.2.840.10045.4.3.'],
  ed25519: [objectIdentifiers.ed25519],
  ed448: [objectIdentifiers.ed448],
}

/**
 * Whether a key made the signature of a revocation list or an OCSP answer. Only SHA-2 and EdDSA are taken.
 *
 * @param algorithm the AlgorithmIdentifier, a whole element
 * @param code of the `SigningError` that a malformed algorithm gets
 */
export function isSignedBy(
  key: KeyObject,
  { algorithm, bytes, signature }: { algorithm: Uint8Array; bytes: Uint8Array; signature: Uint8Array },
  code: string,
): boolean {
  const reader = new DerReader(algorithm, code).enter(0x30, 'the signature algorithm')
  const identifier = reader.objectIdentifier('the signature algorithm')
  const fits = kinds[key.asymmetricKeyType ?? '']?.some((prefix) => identifier.startsWith(prefix)) ?? false
  const isPss = identifier === objectIdentifiers.rsaPss
  const hash = isPss ? hashesOfPss[hashOfPss(reader)] : hashes[identifier]
  if (!fits || hash === undefined) return false
  try {
    const padding = isPss
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
      : {}
    return verify(hash, bytes, { key, ...padding }, signature)
  } catch {
    return false
  }
}
