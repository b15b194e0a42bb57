/** Identifiers of XML Signature and the standards that it rests on, and what they are called here. */

/** Namespace of XML Signature (XML Signature Syntax and Processing 1.1, §1.3). */
export const signatureNamespace = 'http://www.w3.org/2000/09/xmldsig#'

/** Transform that takes the signature itself out of what it signs (§6.6.4). */
export const envelopedSignature = `${signatureNamespace}enveloped-signature`

/** Exclusive XML Canonicalization 1.0, without comments: what is written here. */
export const exclusiveCanonicalization = 'http://www.w3.org/2001/10/xml-exc-c14n#'

/** A canonical form. */
export type CanonicalForm = {
  readonly kind: 'inclusive' | 'inclusive11' | 'exclusive'
  readonly withComments: boolean
}

/** Canonical forms that signatures of others name (§6.5). */
export const canonicalForms: ReadonlyMap<string, CanonicalForm> = new Map([
  ['http://www.w3.org/TR/2001/REC-xml-c14n-20010315', { kind: 'inclusive', withComments: false }],
  ['http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments', { kind: 'inclusive', withComments: true }],
  ['http://www.w3.org/2006/12/xml-c14n11', { kind: 'inclusive11', withComments: false }],
  ['http://www.w3.org/2006/12/xml-c14n11#WithComments', { kind: 'inclusive11', withComments: true }],
  [exclusiveCanonicalization, { kind: 'exclusive', withComments: false }],
  [`${exclusiveCanonicalization}WithComments`, { kind: 'exclusive', withComments: true }],
])

/** Digest algorithms by their identifiers (§6.2, RFC 6931 §2.1). */
export const digestMethods: ReadonlyMap<string, string> = new Map([
  [`${signatureNamespace}sha1`, 'sha1'],
  ['http://www.w3.org/2001/04/xmlenc#sha256', 'sha256'],
  ['http://www.w3.org/2001/04/xmldsig-more#sha384', 'sha384'],
  ['http://www.w3.org/2001/04/xmlenc#sha512', 'sha512'],
])

/** A signature algorithm: the kind of key, and the hash. */
export type SignatureMethod = { readonly key: 'rsa' | 'ec'; readonly hash: string }

const more = 'http://www.w3.org/2001/04/xmldsig-more#'

/** Signature algorithms by their identifiers (§6.4, RFC 6931 §2.3). */
export const signatureMethods: ReadonlyMap<string, SignatureMethod> = new Map<string, SignatureMethod>([
  [`${signatureNamespace}rsa-sha1`, { key: 'rsa', hash: 'sha1' }],
  ...['sha256', 'sha384', 'sha512'].flatMap((hash): [string, SignatureMethod][] => [
    [`${more}rsa-${hash}`, { key: 'rsa', hash }],
    [`${more}ecdsa-${hash}`, { key: 'ec', hash }],
  ]),
  [`${more}ecdsa-sha1`, { key: 'ec', hash: 'sha1' }],
])

/** The identifier of what is written here: always SHA-256. */
export function signatureMethodOf(key: SignatureMethod['key']): string {
  return `${more}${key === 'rsa' ? 'rsa' : 'ecdsa'}-sha256`
}
