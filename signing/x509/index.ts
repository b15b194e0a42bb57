/** X.509 certificates: made with keys that only sign digests, read, ordered into chains. */
export { type CertificateFacts, parseCertificates, readCertificate } from './certificate.ts'
export { orderChain } from './chain.ts'
export {
  type CertificateProfile,
  createSelfSignedCertificate,
  issueCertificate,
  type NewCertificate,
} from './issue.ts'
export { toPem } from './pem.ts'
export { type CertificateSubject, encodedNameText } from './subject.ts'
