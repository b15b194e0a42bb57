/** Hashes that are signed as they are: what was hashed nobody of the service has seen. */
export * from './directive.ts'
export { signHashes } from './sign-hashes.ts'
export { verifyHashDocument } from './verify-document.ts'
