export { issueCertificate } from './issue-certificate.ts'
export { signingRequest } from './signing-request.ts'
