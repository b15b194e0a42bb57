/** Cryptographic Message Syntax (RFC 5652), as far as signature formats and time-stamps share it. */
export { encodeDigestAlgorithm, hashLengths, takeDigestAlgorithm } from './algorithm-identifiers.ts'
export { type Attribute, encodeAttribute } from './attributes.ts'
export {
  buildSignedData,
  buildSignerInfo,
  inDerOrder,
  type SignedDataInput,
  type SignerInfoInput,
} from './build-signed-data.ts'
export { keyUsages, readBasicConstraints, readExtendedKeyUsages, readKeyUsage } from './certificate-extensions.ts'
export { type CertificateFields, readCertificateFields, subjectOf } from './certificate-fields.ts'
export {
  findUncovered,
  isIssuedBy,
  isSame,
  isSignedByKeyOf,
  type PathRequest,
  readAnchors,
  type Trust,
  validatePath,
} from './certificate-path.ts'
export { hashOfPss, hasStrongKey, isStronglySigned } from './certificate-strength.ts'
export { understoodExtensions } from './certificate-usage.ts'
export { type DerElement, DerReader } from './der-reader.ts'
export * as der from './der-writer.ts'
export { type ForeignPathRequest, type ForeignPathVerdict, judgePath } from './foreign-path.ts'
export {
  type ForeignSignedData,
  type ForeignSigner,
  readAlgorithm,
  readForeignSignedData,
  readForeignSigner,
  valuesOf,
} from './foreign-signed-data.ts'
export {
  checkForeignSigner,
  type ForeignSignerCheck,
  type ForeignVerdict,
  foreignHashes,
  issuersOf,
} from './foreign-signer.ts'
export { type MessageSigner, messageSignerOf, pssSignerOf } from './message-signer.ts'
export { objectIdentifiers } from './object-identifiers.ts'
export {
  type ErrorArea,
  type ParsedSignedData,
  parseSignedData,
  parseSignerInfo,
  type SignerInfo,
} from './parse-signed-data.ts'
export { type EncapsulatedContent, enterSignedData, takeEncapsulatedContent } from './signed-data-structure.ts'
export { assertSigningCertificate, encodeSigningCertificate, encodeSigningTime } from './signing-certificate.ts'
export { singleValue, verifyCountersigner, verifySigner, verifySignerOf } from './verify-signer.ts'
