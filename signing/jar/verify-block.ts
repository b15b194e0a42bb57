import type { HashAlgorithm } from '../../domain/index.ts'
import {
  findUncovered,
  objectIdentifiers,
  parseSignedData,
  readAnchors,
  readCertificateFields,
  type SignerInfo,
  subjectOf,
  validatePath,
  verifySigner,
} from '../cms/index.ts'
import type { FoundTimestamp, SignatureExpectation } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import { imprintOf, type VerifiedTimestamp, verifyTimestampToken } from '../timestamp/index.ts'

/** A block whose signature is that of its signature file. */
export interface VerifiedBlock {
  readonly hash: HashAlgorithm
  /** DER, the signer's. */
  readonly signerCertificate: Uint8Array
  /** DER, those that travel in it, in their order. */
  readonly certificates: readonly Uint8Array[]
  readonly keyType: 'rsa' | 'ec'
  readonly timestamp: FoundTimestamp | undefined
}

const area = 'JAR'

/**
 * Verifies the block of a signature: SignedData over the bytes of the signature file, which stand outside, by a certificate that leads to
 * the trusted ones, with nothing in it that is not covered.
 *
 * @throws SigningError `JAR_…` and `JAR_TIMESTAMP_…`, as signed messages
 */
export function verifyBlock(
  block: Uint8Array,
  signatureFile: Uint8Array,
  expectation: Pick<SignatureExpectation, 'certificateChain' | 'trustedTimestampCertificates' | 'at'>,
): VerifiedBlock {
  const signedData = parseSignedData(block, area, signatureFile)
  const { signer } = signedData
  if (signedData.hasRevocationLists || signedData.hasAttributeCertificates)
    throw new SigningError(
      'JAR_UNSIGNED_CONTENT',
      'The block carries revocation lists or attribute certificates, which its signature does not cover.',
    )
  if (signedData.contentType !== objectIdentifiers.data)
    throw new SigningError('JAR_MALFORMED', `The block must be for data, not for ${signedData.contentType}.`)
  const embedded = signedData.certificates.map((each) => readCertificateFields(each, 'JAR_MALFORMED'))
  const leaf = verifySigner(signedData, embedded, area)
  const timestamp = verifyTime(signer, expectation.trustedTimestampCertificates)
  const trust = readAnchors(expectation.certificateChain.slice(-1), area)
  const at = timestamp?.trusted === true ? timestamp.time : expectation.at
  const path = validatePath({ leaf, embedded, trust, at, purpose: objectIdentifiers.codeSigning, area })
  const [stranger] = findUncovered(embedded, path, trust)
  if (stranger !== undefined)
    throw new SigningError(
      'JAR_UNSIGNED_CONTENT',
      `The certificate "${subjectOf(stranger)}" in the block is neither in the signer's path nor signed by a certificate of that path.`,
    )
  return {
    hash: signer.hash,
    signerCertificate: leaf.encoded,
    certificates: signedData.certificates,
    keyType: signer.scheme.keyType,
    timestamp: timestamp && {
      time: timestamp.time,
      authority: timestamp.authority,
      uncovered: timestamp.uncovered,
    },
  }
}

function verifyTime(
  { unsignedAttributes, signature, hash }: SignerInfo,
  trustedCertificates: readonly Uint8Array[] | undefined,
): VerifiedTimestamp | undefined {
  let token: Uint8Array | undefined
  for (const { type, values } of unsignedAttributes) {
    const [value, ...more] = values
    if (type !== objectIdentifiers.timestampToken || value === undefined || more.length > 0)
      throw new SigningError(
        'JAR_UNSIGNED_CONTENT',
        `The block has the unsigned attribute ${type} with ${values.length} values; one time-stamp may be there, and nothing else.`,
      )
    token = value.encoded
  }
  if (token === undefined) return undefined
  const imprint = imprintOf(signature, hash)
  const trusted = trustedCertificates === undefined ? {} : { trustedCertificates }
  return verifyTimestampToken({ token, imprint, area: 'JAR_TIMESTAMP', ...trusted })
}
