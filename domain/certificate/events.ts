import type { KeyAlgorithm } from '../algorithms.ts'
import type { DomainEvent, Instant } from '../event.ts'
import type { CertificateId, OrganizationId } from '../ids.ts'

/** The subject of a certificate, as distinguished name attributes (X.520). */
export type CertificateSubject = {
  readonly commonName: string
  readonly organization?: string
  readonly country?: string
}

/** What a new certificate is to be. */
export type CertificateRequest = {
  readonly certificateId: CertificateId
  readonly organizationId: OrganizationId
  readonly name: string
  readonly subject: CertificateSubject
  readonly keyAlgorithm: KeyAlgorithm
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** A certificate as it was issued. */
export type IssuedCertificate = {
  /** DER certificates, base64, the signing one first. */
  readonly chain: readonly string[]
  /** SHA-256 of the first certificate's DER, hexadecimal. */
  readonly thumbprint: string
  /** RFC 4514 text. */
  readonly subject: string
  readonly issuer: string
  readonly serialNumber: string
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** A self-signed certificate was asked for. Authorises the signer to make a key and to use it once, for itself. */
export type CertificateRequested = DomainEvent<
  'CertificateRequested',
  CertificateRequest & { readonly kind: 'selfSigned' }
>

/** The key pair exists in the HSM; its PKCS#11 `CKA_ID` is the certificate id's 16 bytes. */
export type CertificateKeyGenerated = DomainEvent<
  'CertificateKeyGenerated',
  {
    /** DER SubjectPublicKeyInfo, base64. */
    readonly publicKey: string
  }
>

/** The certificate exists and can sign. */
export type CertificateIssued = DomainEvent<'CertificateIssued', IssuedCertificate>

/** The certificate signs nothing any more. */
export type CertificateDisabled = DomainEvent<'CertificateDisabled', { readonly reason: string | null }>

/** Everything that happens to a certificate. */
export type CertificateEvent = CertificateRequested | CertificateKeyGenerated | CertificateIssued | CertificateDisabled
