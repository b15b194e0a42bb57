export { enrolCertificate, generateKey, issueCertificate } from './key-work.ts'
export { signingRequest } from './signing-request.ts'
