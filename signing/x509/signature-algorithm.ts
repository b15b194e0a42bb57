import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import type { HashAlgorithm, KeyAlgorithm } from '../../domain/index.ts'

/** How a key signs a certificate or a request for one. */
export interface CertificateSignatureAlgorithm {
  readonly hash: HashAlgorithm
  readonly identifier: AlgorithmIdentifier
}

const rsaWithSha256: CertificateSignatureAlgorithm = {
  hash: 'sha256',
  // RFC 4055 §5: the parameters are NULL, and must be there.
  identifier: new AlgorithmIdentifier({
    algorithm: '1.2.840.113549.1.1.11',
    parameters: new Uint8Array([5, 0]).buffer,
  }),
}

/**
 * The one rule of which hash a key signs certificates and requests with. ECDSA takes the hash that is as strong as its curve
 * (RFC 5480 §4) and never a longer one: some tokens cut a digest that is longer than the group order, others fail.
 */
export const certificateSignatureAlgorithms: Readonly<Record<KeyAlgorithm, CertificateSignatureAlgorithm>> = {
  'rsa-2048': rsaWithSha256,
  'rsa-3072': rsaWithSha256,
  'rsa-4096': rsaWithSha256,
  'ec-p256': { hash: 'sha256', identifier: new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' }) },
  'ec-p384': { hash: 'sha384', identifier: new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.3' }) },
  'ec-p521': { hash: 'sha512', identifier: new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.4' }) },
}
