/** What plans and reports say of signatures in files that somebody else made. */

export { existingSigner } from './certificate-names.ts'
export { type DescribedSigner, describeSigner, type SignerContext } from './describe-signer.ts'
