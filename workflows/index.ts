export { enrolCertificate, generateKey, importKey, issueCertificate } from './key-work.ts'
export { signingRequest } from './signing-request.ts'
export { webHookDelivery } from './web-hook-delivery.ts'
