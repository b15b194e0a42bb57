import type { CertificateFields } from './certificate-fields.ts'
import { DerReader } from './der-reader.ts'
import { objectIdentifiers } from './object-identifiers.ts'

const strongHashes: ReadonlySet<string> = new Set([
  objectIdentifiers.sha256,
  objectIdentifiers.sha384,
  objectIdentifiers.sha512,
])

/** RSA and ECDSA with SHA-2, and EdDSA (RFC 8410 §3). */
const strongSignatures: ReadonlySet<string> = new Set([
  objectIdentifiers.sha256WithRsa,
  objectIdentifiers.sha384WithRsa,
  objectIdentifiers.sha512WithRsa,
  objectIdentifiers.ecdsaWithSha256,
  objectIdentifiers.ecdsaWithSha384,
  objectIdentifiers.ecdsaWithSha512,
  objectIdentifiers.ed25519,
  objectIdentifiers.ed448,
])

/** Length of the shortest RSA modulus that is taken, in bits. */
export const leastModulus = 2048

const strongCurves: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/**
 * Whether a certificate was signed with a hash for which nobody finds other bytes with the same signature: SHA-256 and above.
 *
 * @param code the code of the `SigningError` that malformed parameters of RSASSA-PSS get
 */
export function isStronglySigned({ signatureAlgorithm }: CertificateFields, code: string): boolean {
  const what = 'the signature algorithm of a certificate'
  const algorithm = new DerReader(signatureAlgorithm, code).enter(0x30, what)
  const identifier = algorithm.objectIdentifier(what)
  if (identifier !== objectIdentifiers.rsaPss) return strongSignatures.has(identifier)
  return strongHashes.has(hashOfPss(algorithm))
}

/**
 * The object identifier of the hash that parameters of RSASSA-PSS name; where they name none, it is SHA-1 (RFC 4055 §3.1).
 *
 * @param algorithm an AlgorithmIdentifier of which the identifier was read
 */
export function hashOfPss(algorithm: DerReader): string {
  const parameters = algorithm.enter(0x30, 'the parameters of RSASSA-PSS')
  const hash = parameters.takeOptional(0xa0, 'the hash algorithm of RSASSA-PSS')
  if (hash === undefined) return objectIdentifiers.sha1
  const named = parameters.inside(hash).enter(0x30, 'the hash algorithm of RSASSA-PSS')
  return named.objectIdentifier('the hash algorithm of RSASSA-PSS')
}

/** Whether nobody can do without a certificate's key what it does: RSA of 2048 bits and above, P-256, P-384, P-521, EdDSA. */
export function hasStrongKey(certificate: CertificateFields): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.opened()?.key ?? {}
  if (asymmetricKeyType === 'rsa' || asymmetricKeyType === 'rsa-pss')
    return (asymmetricKeyDetails?.modulusLength ?? 0) >= leastModulus
  if (asymmetricKeyType === 'ec') return strongCurves.has(asymmetricKeyDetails?.namedCurve)
  return asymmetricKeyType === 'ed25519' || asymmetricKeyType === 'ed448'
}
