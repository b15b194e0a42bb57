import { constants, hash as digestOnce, type KeyObject, verify } from 'node:crypto'
import { SigningError } from '../signing-error.ts'
import type { Attribute } from './attributes.ts'
import type { CertificateFields } from './certificate-fields.ts'
import { leastModulus } from './certificate-strength.ts'
import { type DerElement, DerReader } from './der-reader.ts'
import { objectIdentifiers } from './object-identifiers.ts'
import type { ErrorArea, ParsedSignedData, SignerInfo } from './parse-signed-data.ts'
import { isNamedBy } from './signer-identifier.ts'

const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/**
 * Checks what RFC 5652 §5.6 asks of a signer: the content type and message digest attributes agree with the content,
 * and the signature over the attributes is valid under the certificate's key.
 *
 * @param signedData parsed, with one signer
 * @param certificates the candidates for the signer's certificate
 * @returns the signer's certificate
 * @throws SigningError `<area>_CERTIFICATE_MISSING`, `<area>_ATTRIBUTES_INVALID`, `<area>_DIGEST_MISMATCH`,
 * `<area>_ALGORITHM_UNSUPPORTED`, `<area>_SIGNATURE_INVALID`
 */
export function verifySigner(
  signedData: ParsedSignedData,
  certificates: readonly CertificateFields[],
  area: ErrorArea,
): CertificateFields {
  return verifySignerOf(signedData, signedData.content.content, certificates, area)
}

/**
 * The same of content that is somewhere else, and of which the digest is known.
 *
 * @param octets the content octets, or their digest by the signer's hash algorithm
 * @throws SigningError as {@link verifySigner}
 */
export function verifySignerOf(
  { signer, contentType }: Pick<ParsedSignedData, 'signer' | 'contentType'>,
  octets: Uint8Array | { readonly digest: Uint8Array },
  certificates: readonly CertificateFields[],
  area: ErrorArea,
): CertificateFields {
  const certificate = certificateOf(signer, certificates, area)
  const typeAttribute = singleValue(signer.signedAttributes, objectIdentifiers.contentType, area)
  const statedType = new DerReader(typeAttribute.encoded, `${area}_MALFORMED`).objectIdentifier(
    'content type attribute',
  )
  if (statedType !== contentType)
    throw new SigningError(
      `${area}_ATTRIBUTES_INVALID`,
      `The content type attribute says ${statedType}, but the content is ${contentType}.`,
    )
  assertSigned(signer, octets, certificate, area)
  return certificate
}

/**
 * Checks a counter-signature (RFC 5652 §11.4) as {@link verifySigner} does a signer: it signs the signature value of another one, and
 * has no content type.
 *
 * @param octets the other signature's value
 * @throws SigningError as {@link verifySigner}
 */
export function verifyCountersigner(
  signer: SignerInfo,
  octets: Uint8Array,
  certificates: readonly CertificateFields[],
  area: ErrorArea,
): CertificateFields {
  if (signer.signedAttributes.some(({ type }) => type === objectIdentifiers.contentType))
    throw new SigningError(`${area}_ATTRIBUTES_INVALID`, 'A counter-signature must not have a content type attribute.')
  const certificate = certificateOf(signer, certificates, area)
  assertSigned(signer, octets, certificate, area)
  return certificate
}

function certificateOf(
  { identifier }: SignerInfo,
  certificates: readonly CertificateFields[],
  area: ErrorArea,
): CertificateFields {
  const certificate = certificates.find((candidate) => isNamedBy(identifier, candidate, `${area}_MALFORMED`))
  if (certificate === undefined)
    throw new SigningError(`${area}_CERTIFICATE_MISSING`, "The signer's certificate is not among the embedded ones.")
  return certificate
}

function assertSigned(
  signer: SignerInfo,
  octets: Uint8Array | { readonly digest: Uint8Array },
  certificate: CertificateFields,
  area: ErrorArea,
): void {
  const digestAttribute = singleValue(signer.signedAttributes, objectIdentifiers.messageDigest, area)
  const digest = 'digest' in octets ? octets.digest : digestOnce(signer.hash, octets, 'buffer')
  if (digestAttribute.tag !== 0x04 || Buffer.compare(digest, digestAttribute.content) !== 0)
    throw new SigningError(
      `${area}_DIGEST_MISMATCH`,
      `The message digest attribute is not the ${signer.hash} digest of the signed content.`,
    )

  const key = readPublicKey(certificate, area)
  if (key.asymmetricKeyType !== signer.scheme.keyType)
    throw new SigningError(
      `${area}_ALGORITHM_UNSUPPORTED`,
      `The signature algorithm is for ${signer.scheme.keyType} keys, but the certificate has another kind of key.`,
    )
  if (!isValid(signer, key))
    throw new SigningError(
      `${area}_SIGNATURE_INVALID`,
      "The signature over the signed attributes is not valid under the signer's certificate.",
    )
}

/**
 * The only value of an attribute that must be there.
 *
 * @throws SigningError `<area>_ATTRIBUTES_INVALID`
 */
export function singleValue(attributes: readonly Attribute[], type: string, area: ErrorArea): DerElement {
  const attribute = attributes.find((candidate) => candidate.type === type)
  const [value, ...more] = attribute?.values ?? []
  if (value === undefined)
    throw new SigningError(`${area}_ATTRIBUTES_INVALID`, `The signed attribute ${type} is missing.`)
  if (more.length > 0)
    throw new SigningError(`${area}_ATTRIBUTES_INVALID`, `The signed attribute ${type} must have one value.`)
  return value
}

function readPublicKey(certificate: CertificateFields, area: ErrorArea): KeyObject {
  const key = certificate.opened()?.key
  if (key === undefined)
    throw new SigningError(`${area}_MALFORMED`, "The signer's certificate or its key cannot be read.")
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (key.asymmetricKeyType !== 'rsa' && !(key.asymmetricKeyType === 'ec' && curve !== undefined && curves.has(curve)))
    throw new SigningError(
      `${area}_ALGORITHM_UNSUPPORTED`,
      "The key of the signer's certificate must be RSA or on the curves P-256, P-384 or P-521.",
    )
  if ((key.asymmetricKeyDetails?.modulusLength ?? leastModulus) < leastModulus)
    throw new SigningError(
      `${area}_ALGORITHM_UNSUPPORTED`,
      `The RSA key of the signer's certificate must have at least ${leastModulus} bits.`,
    )
  return key
}

/** OpenSSL answers some malformed signatures with an exception instead of `false`. */
function isValid({ hash, scheme, signedBytes, signature }: SignerInfo, key: KeyObject): boolean {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  try {
    return verify(hash, signedBytes, { key, ...(scheme.padding === 'pss' && pss) }, signature)
  } catch {
    return false
  }
}
