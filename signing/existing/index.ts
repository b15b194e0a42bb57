/** What plans and reports say of signatures in files that somebody else made, in formats whose signatures are SignedData. */
export { type DescribedSigner, describeSigner, type SignerContext } from './describe-signer.ts'
