import { createHash, verify } from 'node:crypto'
import type { CertificateFields } from './certificate-fields.ts'
import { isIssuedBy, isSame } from './certificate-path.ts'
import { DerReader } from './der-reader.ts'
import { type ForeignSigner, valuesOf } from './foreign-signed-data.ts'
import { objectIdentifiers } from './object-identifiers.ts'
import { isNamedBy } from './signer-identifier.ts'

/** Names of hash algorithms, as OpenSSL and people write them, by object identifier. MD5 and SHA-1 are in old signatures. */
export const foreignHashes: ReadonlyMap<string, string> = new Map([
  [objectIdentifiers.md5, 'md5'],
  [objectIdentifiers.sha1, 'sha1'],
  [objectIdentifiers.sha224, 'sha224'],
  [objectIdentifiers.sha256, 'sha256'],
  [objectIdentifiers.sha384, 'sha384'],
  [objectIdentifiers.sha512, 'sha512'],
])

/** Whether a signature is that of its certificate's key; `unchecked` when an algorithm is unknown or the certificate is not there. */
export type ForeignVerdict = 'valid' | 'invalid' | 'unchecked'

/** What was found of a foreign signer. */
export interface ForeignSignerCheck {
  /** The signer's certificate, if it is among those given. */
  readonly certificate: CertificateFields | undefined
  readonly verdict: ForeignVerdict
}

/**
 * Checks the signature of a foreign signer under the certificate that it names (RFC 5652 §5.4): no path and no validity, so
 * it says that nothing was changed since, and nothing about whom to trust.
 *
 * @param octets what the message digest must be over
 * @param contentType what the content type attribute must say; `undefined` where none is asked for
 */
export function checkForeignSigner(
  signer: ForeignSigner,
  octets: Uint8Array,
  contentType: string | undefined,
  certificates: readonly CertificateFields[],
): ForeignSignerCheck {
  const certificate = certificates.find((candidate) =>
    isReadable(() => isNamedBy(signer.identifier, candidate, foreign)),
  )
  const hash = foreignHashes.get(signer.digestAlgorithm)
  const key = certificate?.opened()?.key
  const isKnown = signatureAlgorithms.get(signer.signatureAlgorithm) === key?.asymmetricKeyType
  if (hash === undefined || key === undefined || !isKnown) return { certificate, verdict: 'unchecked' }
  const isStated = signer.signedBytes === undefined || statesContent(signer, hash, octets, contentType)
  const isSigned = isStated && isSignedBy(() => verify(hash, signer.signedBytes ?? octets, key, signer.signature))
  return { certificate, verdict: isSigned ? 'valid' : 'invalid' }
}

/**
 * The embedded certificates that lead up from one, itself first, as far as signatures lead and a bounded search finds.
 * Validity and use are not looked at.
 */
export function issuersOf(
  leaf: CertificateFields,
  embedded: readonly CertificateFields[],
): readonly [CertificateFields, ...CertificateFields[]] {
  const path: [CertificateFields, ...CertificateFields[]] = [leaf]
  let checks = checkLimit
  for (let issuer: CertificateFields | undefined = leaf; issuer !== undefined; ) {
    const issued: CertificateFields = issuer
    issuer = embedded.find(
      (candidate) =>
        Buffer.compare(issued.issuer, candidate.subject) === 0 &&
        !path.some((used) => isSame(used, candidate)) &&
        checks-- > 0 &&
        isIssuedBy(issued, candidate),
    )
    if (issuer !== undefined) path.push(issuer)
  }
  return path
}

/** Bounds what certificates cost whose names and keys are made to cost much. */
const checkLimit = 20

const signatureAlgorithms: ReadonlyMap<string, 'rsa' | 'ec' | 'dsa'> = new Map([
  [objectIdentifiers.rsaEncryption, 'rsa'],
  [objectIdentifiers.md5WithRsa, 'rsa'],
  [objectIdentifiers.sha1WithRsa, 'rsa'],
  [objectIdentifiers.oldSha1WithRsa, 'rsa'],
  [objectIdentifiers.sha256WithRsa, 'rsa'],
  [objectIdentifiers.sha384WithRsa, 'rsa'],
  [objectIdentifiers.sha512WithRsa, 'rsa'],
  [objectIdentifiers.ecPublicKey, 'ec'],
  [objectIdentifiers.ecdsaWithSha1, 'ec'],
  [objectIdentifiers.ecdsaWithSha256, 'ec'],
  [objectIdentifiers.ecdsaWithSha384, 'ec'],
  [objectIdentifiers.ecdsaWithSha512, 'ec'],
  [objectIdentifiers.dsa, 'dsa'],
  [objectIdentifiers.dsaWithSha1, 'dsa'],
])

function statesContent(
  { signedAttributes }: ForeignSigner,
  hash: string,
  octets: Uint8Array,
  contentType: string | undefined,
): boolean {
  const [digest, ...moreDigests] = valuesOf(signedAttributes, objectIdentifiers.messageDigest)
  const [type, ...moreTypes] = valuesOf(signedAttributes, objectIdentifiers.contentType)
  if (digest === undefined || moreDigests.length > 0 || moreTypes.length > 0) return false
  return isReadable(() => {
    const stated = new DerReader(digest, foreign).take(0x04, 'the message digest').content
    const statedType = type && new DerReader(type, foreign).objectIdentifier('the content type')
    return (
      createHash(hash).update(octets).digest().equals(stated) &&
      (contentType === undefined || statedType === contentType)
    )
  })
}

/** The code of errors that never leave this file. */
const foreign = 'unread'

function isReadable(read: () => boolean): boolean {
  try {
    return read()
  } catch {
    return false
  }
}

/** OpenSSL answers some malformed signatures with an exception instead of `false`. */
const isSignedBy = isReadable
