/** Authenticode signatures of Windows programs (PE32 and PE32+). */
export { digestPeFile } from './digest.ts'
export type { SigningProgress } from './image-pass.ts'
export { ImageThreads } from './image-threads.ts'
export { inspectPeFile, type PeFileInspection } from './inspect.ts'
export { type SignedPeFile, type SignPeFileRequest, signPeFile } from './sign.ts'
export { assertDescribable, type ProgramDescription } from './spc.ts'
export { type VerifyPeFileRequest, verifyPeFile } from './verify.ts'
export type { SignatureTrust, VerifiedSignature, VerifiedSignatureTime } from './verify-signature.ts'
