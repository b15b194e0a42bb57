/** X.509 certificates: made with keys that only sign digests, asked for, read, ordered into chains. */
export { type CertificateFacts, parseCertificates, readCertificate } from './certificate.ts'
export { largestCertificateFile, readCertificateFile } from './certificate-file.ts'
export { issuedCertificate, publicKeyToken } from './certificate-identity.ts'
export {
  type CertificationRequest,
  createCertificationRequest,
  namesOfCertificate,
  newNames,
  type RequestedNames,
  sameNames,
} from './certification-request.ts'
export { orderChain } from './chain.ts'
export {
  type CertificateProfile,
  createSelfSignedCertificate,
  issueCertificate,
  type NewCertificate,
} from './issue.ts'
export { chainOfIssued, type IssuedFile } from './issued-chain.ts'
export { toPem } from './pem.ts'
export { commonNameOf, encodedNameText } from './subject.ts'
