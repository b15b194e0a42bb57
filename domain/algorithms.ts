/** Key types that certificates may have. RSA 2048 is for test signing only. */
export const keyAlgorithms = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256', 'ec-p384', 'ec-p521'] as const

/** A key type: RSA with its modulus length in bits, or an elliptic curve of FIPS 186-5. */
export type KeyAlgorithm = (typeof keyAlgorithms)[number]

/** Hash algorithms that signatures may use, of FIPS 180-4. */
export const hashAlgorithms = ['sha256', 'sha384', 'sha512'] as const

/** A hash algorithm that signatures may use. */
export type HashAlgorithm = (typeof hashAlgorithms)[number]

/** What a certificate is: X.509 (RFC 5280), or OpenPGP (RFC 9580 §10.1). */
export type CertificateFormat = 'x509' | 'openpgp'
