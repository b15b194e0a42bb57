/** Authenticode signatures of Windows programs (PE32 and PE32+). */
export { digestPeFile } from './digest.ts'
export { peFormat } from './format.ts'
export { type DigestedImage, type ImageDigestionRequest, imageDigestion } from './image-digestion.ts'
export {
  type InspectionRequest,
  inspectPeFile,
  inspectSignatures,
  type PeFileInspection,
} from './inspect.ts'
export { type PeFile, readPeHeaders } from './pe-file.ts'
export { checkPeHeader, namesSignatures } from './pe-header.ts'
export type { SignatureRequest } from './place-signature.ts'
export {
  type DigestedCopy,
  type SignedPeFile,
  type SignPeFileRequest,
  signCopy,
  signPeFile,
} from './sign.ts'
export { assertDescribable, type ProgramDescription } from './spc.ts'
export { type VerifyOptions, type VerifyPeFileRequest, verifyOpenPeFile, verifyPeFile } from './verify.ts'
export type { SignatureTrust, VerifiedSignature, VerifiedSignatureTime } from './verify-signature.ts'
