export { enrolCertificate, generateKey, importKey, issueCertificate } from './key-work.ts'
export { mailDelivery } from './mail-delivery.ts'
export { signingRequest } from './signing-request.ts'
export { webHookDelivery } from './web-hook-delivery.ts'
