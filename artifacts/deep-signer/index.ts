/** Signs what a plan by an artifact configuration names, from the inside out, and verifies the result from the outside in. */
export { signTree } from './sign-tree.ts'
export type { MadeFile, TreeSigner } from './tree-signer.ts'
export { type FileToCheck, type VerifiedFile, verifyTree } from './verify-tree.ts'
