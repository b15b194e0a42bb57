/** OpenPGP of version 4 (RFC 4880, RFC 9580): certificates of keys that only sign digests, and detached signatures by them. */
export { gpgSignature } from './detached.ts'
export { makeOpenPgpCertificate, type OpenPgpCertificateRequest } from './make-certificate.ts'
export { type OpenPgpCertificate, readOpenPgpCertificate } from './read-certificate.ts'
