/** Hashes that are signed as they are: what was hashed nobody of the service has seen. */
export * from './directive.ts'
export { type EncodedSigningSteps, signHashes } from './sign-hashes.ts'
export { type HashVerification, hashVerification } from './verify-document.ts'
