/** What updaters, installers and platforms see of a certificate, and compare with the one before. */
export type CertificateIdentity = {
  /** RFC 4514 text of the subject, and its DER encoding in hexadecimal: some compare bytes. */
  readonly subject: string
  readonly subjectEncoding: string
  /** RFC 4514 text. */
  readonly issuer: string
  /** SHA-256 of the SubjectPublicKeyInfo of the authority that issued it, hexadecimal: its own for a self-signed one. */
  readonly issuingKey: string
  /** SHA-256 of its SubjectPublicKeyInfo, hexadecimal. */
  readonly key: string
  /** Object identifiers, in ascending order. */
  readonly extendedKeyUsages: readonly string[]
  /** The public key token that ClickOnce manifests name, 16 hexadecimal digits; `null` for keys that have none (not RSA). */
  readonly publicKeyToken: string | null
  /** The publisher that the manifest of an APPX or MSIX package must name, as Windows writes the subject. */
  readonly appxPublisher: string
}

/** What can differ between a certificate and the one before. */
export type ContinuityAspect =
  | 'subject'
  | 'issuer'
  | 'issuingAuthority'
  | 'key'
  | 'extendedKeyUsages'
  | 'publicKeyToken'
  | 'appxPublisher'

/** One difference between a certificate and the one before. */
export type ContinuityFinding = {
  readonly aspect: ContinuityAspect
  /**
   * - `notice`: nothing known breaks.
   * - `warning`: something that compares it will see another publisher, and updates or installations can fail.
   * - `alarm`: another authority issued it, which is also what an attacker's certificate looks like.
   */
  readonly severity: 'notice' | 'warning' | 'alarm'
  readonly before: string
  readonly after: string
  /** Who sees it, and what comes of it. */
  readonly effect: string
}

const rules: readonly {
  readonly aspect: ContinuityAspect
  readonly severity: ContinuityFinding['severity']
  readonly of: (identity: CertificateIdentity) => string
  readonly effect: string
}[] = [
  {
    aspect: 'subject',
    severity: 'warning',
    of: ({ subject, subjectEncoding }) => `${subject} (${subjectEncoding})`,
    effect:
      'Updaters and allow lists that compare the publisher, to the character, see another one; reputation begins anew.',
  },
  {
    aspect: 'issuer',
    severity: 'warning',
    of: ({ issuer }) => issuer,
    effect: 'Rules that name the issuer of a publisher, such as those of application control, do not fit any more.',
  },
  {
    aspect: 'issuingAuthority',
    severity: 'alarm',
    of: ({ issuingKey }) => issuingKey,
    effect: 'The key of another authority issued the certificate. Make sure that this was meant.',
  },
  {
    aspect: 'key',
    severity: 'notice',
    of: ({ key }) => key,
    effect: 'What pins the public key does not accept the certificate.',
  },
  {
    aspect: 'extendedKeyUsages',
    severity: 'warning',
    of: ({ extendedKeyUsages }) => extendedKeyUsages.join(', '),
    effect: 'Platforms that demand a usage that is gone refuse the signatures.',
  },
  {
    aspect: 'publicKeyToken',
    severity: 'warning',
    of: ({ publicKeyToken }) => publicKeyToken ?? 'none',
    effect: 'ClickOnce takes the application for another one: it is installed anew instead of updated.',
  },
  {
    aspect: 'appxPublisher',
    severity: 'warning',
    of: ({ appxPublisher }) => appxPublisher,
    effect:
      'The manifests of APPX and MSIX packages must name the new publisher, and installed packages are not updated.',
  },
]

/**
 * What changes for those who know a certificate when another one takes its place, in the order of {@link rules}; empty when
 * nothing that anybody compares differs. Who has an OpenPGP key knows its fingerprint and user id.
 */
export function continuityFindings(
  before: ComparedCertificate,
  after: ComparedCertificate,
): readonly ContinuityFinding[] {
  if (before.format === 'x509' && after.format === 'x509') return identityFindings(before.identity, after.identity)
  const differences: readonly (readonly ['key' | 'subject', string, string, string])[] = [
    ['subject', before.subject, after.subject, 'Whoever looks for signatures by the name does not find these.'],
    [
      'key',
      before.thumbprint,
      after.thumbprint,
      'Nobody who verifies signatures has the key yet: publish it, and have it installed, before anything is signed with it.',
    ],
  ]
  return differences.flatMap(([aspect, was, is, effect]) =>
    was === is ? [] : [{ aspect, severity: 'warning', before: was, after: is, effect }],
  )
}

/** What is compared of a certificate. */
type ComparedCertificate =
  | {
      readonly format: 'x509'
      readonly identity: CertificateIdentity
      readonly subject: string
      readonly thumbprint: string
    }
  | { readonly format: 'openpgp'; readonly subject: string; readonly thumbprint: string }

function identityFindings(before: CertificateIdentity, after: CertificateIdentity): readonly ContinuityFinding[] {
  return rules.flatMap(({ aspect, severity, of, effect }) =>
    of(before) === of(after) ? [] : [{ aspect, severity, before: of(before), after: of(after), effect }],
  )
}
