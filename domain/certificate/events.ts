import type { DomainEvent, Instant } from '../event.ts'
import type { CertificateId, KeyId, OrganizationId } from '../ids.ts'

/** The subject of a certificate, as distinguished name attributes (X.520). */
export type CertificateSubject = {
  readonly commonName: string
  readonly organization?: string
  readonly country?: string
}

/**
 * What a new certificate is to be. `kind` says how it comes about; another way, such as a request to an authority, is
 * another member of the union, with fields of its own beside the common ones.
 */
export type CertificateRequest = {
  readonly certificateId: CertificateId
  readonly organizationId: OrganizationId
  readonly name: string
  /** The key that it is for. A key can have several certificates. */
  readonly keyId: KeyId
  /** The certificate that it is to succeed, with the same key or another; `null` for the first of a line. */
  readonly renews: CertificateId | null
} & {
  readonly kind: 'selfSigned'
  readonly subject: CertificateSubject
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/**
 * A certificate as it was issued. `format` says what it is; another one, such as OpenPGP (RFC 9580 §10.1), is another
 * member of the union.
 */
export type IssuedCertificate = {
  readonly format: 'x509'
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

/** A certificate was asked for. When it is to be self-signed, authorises the signer to use its key once, for it. */
export type CertificateRequested = DomainEvent<'CertificateRequested', CertificateRequest>

/** The certificate exists and can sign. */
export type CertificateIssued = DomainEvent<'CertificateIssued', IssuedCertificate>

/** The certificate signs nothing any more. */
export type CertificateDisabled = DomainEvent<'CertificateDisabled', { readonly reason: string | null }>

/** Everything that happens to a certificate. */
export type CertificateEvent = CertificateRequested | CertificateIssued | CertificateDisabled
