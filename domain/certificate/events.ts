import type { AlternativeName, CertificateSubject } from '../certificate-names.ts'
import type { DomainEvent, Instant } from '../event.ts'
import type { CertificateId, KeyId, OrganizationId } from '../ids.ts'
import type { CertificateIdentity } from './continuity.ts'
import type { ExpiryWarningDays } from './expiry-record.ts'
import type { CertificateRestrictions } from './restrictions.ts'

/** How a certificate comes from an authority: somebody carries the request there, or an EST server is asked (RFC 7030). */
export type Enrolment =
  | { readonly by: 'upload' }
  | {
      readonly by: 'est'
      /** The server's name in the configuration. */
      readonly server: string
      /** So many days before its end the certificate is renewed. */
      readonly renewBeforeDays: number
    }

/**
 * What a new certificate is to be. `kind` says how it comes about; another way is another member of the union, with fields
 * of its own beside the common ones.
 */
export type CertificateRequest = {
  readonly certificateId: CertificateId
  readonly organizationId: OrganizationId
  readonly name: string
  /** The key that it is for. A key can have several certificates. */
  readonly keyId: KeyId
  /** The certificate that it is to succeed, with the same key or another; `null` for the first of a line. */
  readonly renews: CertificateId | null
  readonly restrictions: CertificateRestrictions
} & (
  | {
      readonly kind: 'selfSigned'
      readonly subject: CertificateSubject
      readonly notBefore: Instant
      readonly notAfter: Instant
      /** So many hours before its end the signer makes the next one, for as long again; `null`: it ends. For tests. */
      readonly renewBeforeHours: number | null
    }
  | {
      readonly kind: 'authority'
      readonly subject: CertificateSubject
      readonly alternativeNames: readonly AlternativeName[]
      readonly enrolment: Enrolment
    }
  | {
      readonly kind: 'imported'
      readonly subject: CertificateSubject
      /** It was issued for a key that is brought in, and comes into use with that. */
      readonly certificate: IssuedX509Certificate
    }
  | {
      /** An OpenPGP key, certified by itself. Such requests are of the second form. */
      readonly kind: 'openPgp'
      /** Such as `Acme Releases <release@acme.example>`. */
      readonly userId: string
      /** The key's creation time, in whole seconds: its fingerprint depends on it. */
      readonly createdAt: Instant
      /** When the key ends, in whole seconds; `null`: never. */
      readonly expiresAt: Instant | null
    }
)

/** A certificate as it was issued. `format` says what it is. */
export type IssuedCertificate = IssuedX509Certificate | OpenPgpKey

/** An X.509 certificate (RFC 5280). */
export type IssuedX509Certificate = {
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
  /** What updaters, installers and platforms see of it. */
  readonly identity: CertificateIdentity
}

/** An OpenPGP key of version 4 with its user id and self-signatures (RFC 9580 §10.1). Events with one are of the second form. */
export type OpenPgpKey = {
  readonly format: 'openpgp'
  /** The binary form, base64: key, user id, and every self-signature that was ever made. */
  readonly publicKey: string
  /** The fingerprint, hexadecimal. */
  readonly thumbprint: string
  /** The user id, which the key itself certifies. */
  readonly subject: string
  readonly issuer: string
  /** The key id: the end of the fingerprint. */
  readonly serialNumber: string
  /** When the key was created. */
  readonly notBefore: Instant
  /** When it ends; {@link neverEnds} when it does not. */
  readonly notAfter: Instant
}

/** The certificates that a signature can carry: DER, base64, the signing one first; none of an OpenPGP key. */
export function chainOfCertificate(issued: IssuedCertificate | null): readonly string[] {
  return issued?.format === 'x509' ? issued.chain : []
}

/** The moment that stands for no end, as RFC 5280 §4.1.2.5 has it. */
export const neverEnds: Instant = '9999-12-31T23:59:59.000Z'

/** Where a certificate came from that was not made here. */
export type InstallationSource =
  | { readonly by: 'upload' }
  | { readonly by: 'est'; readonly server: string }
  /** It came with its key. */
  | { readonly by: 'import' }

/**
 * A certificate was asked for, for a key. Authorises the signer to use the key once: for the certificate when it is to be
 * self-signed, else for the request that goes to an authority.
 */
export type CertificateRequested = DomainEvent<'CertificateRequested', CertificateRequest>

/** The next certificate of the same names and key was asked for. Authorises the signer as the first request did. */
export type CertificateRenewalRequested = DomainEvent<'CertificateRenewalRequested'>

/** An OpenPGP key is to end at another moment. Authorises the signer to use the key once, for the self-signature that says so. */
export type CertificateExpiryChangeRequested = DomainEvent<
  'CertificateExpiryChangeRequested',
  {
    /** In whole seconds; `null`: never. */
    readonly expiresAt: Instant | null
  }
>

/** The request to an authority was made, and signed by the key. */
export type CertificateSigningRequestCreated = DomainEvent<
  'CertificateSigningRequestCreated',
  {
    readonly format: 'pkcs10'
    /** DER (RFC 2986), base64. */
    readonly request: string
  }
>

/** The signer made a self-signed certificate or an OpenPGP key's self-signature: the first, or the next. */
export type CertificateIssued = DomainEvent<'CertificateIssued', IssuedCertificate>

/**
 * What an authority issued was checked and can sign: for the request, the first certificate or the next, or before its key was
 * brought in.
 */
export type CertificateInstalled = DomainEvent<
  'CertificateInstalled',
  IssuedX509Certificate & { readonly source: InstallationSource }
>

/** An EST server did not issue, for now; it is asked again. Said once for each reason. */
export type CertificateEnrolmentFailed = DomainEvent<
  'CertificateEnrolmentFailed',
  { readonly code: string; readonly message: string }
>

/** Policies that use the certificate have to demand this from now on. */
export type CertificateRestrictionsChanged = DomainEvent<
  'CertificateRestrictionsChanged',
  { readonly restrictions: CertificateRestrictions }
>

/** The certificate signs nothing any more. */
export type CertificateDisabled = DomainEvent<'CertificateDisabled', { readonly reason: string | null }>

/** The certificate can sign again. */
export type CertificateEnabled = DomainEvent<'CertificateEnabled', { readonly reason: string | null }>

/** The certificate's end is near. */
export type CertificateExpiryWarned = DomainEvent<
  'CertificateExpiryWarned',
  {
    /** It ends in so many days or less. */
    readonly days: ExpiryWarningDays
    readonly notAfter: Instant
  }
>

/** The certificate's end has passed. */
export type CertificateExpired = DomainEvent<'CertificateExpired', { readonly notAfter: Instant }>

/** Everything that happens to a certificate. */
export type CertificateEvent =
  | CertificateRequested
  | CertificateRenewalRequested
  | CertificateExpiryChangeRequested
  | CertificateSigningRequestCreated
  | CertificateIssued
  | CertificateInstalled
  | CertificateEnrolmentFailed
  | CertificateRestrictionsChanged
  | CertificateDisabled
  | CertificateEnabled
  | CertificateExpiryWarned
  | CertificateExpired
