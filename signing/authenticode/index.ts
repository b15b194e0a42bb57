/** Authenticode signatures: those of Windows programs (PE32 and PE32+), and what the signatures of other files have in common with them. */

export { truncate, writeFully } from '../output-file.ts'
export { readRange } from './byte-blocks.ts'
export { describeReplaced, describeUnreadable, judgeOnly } from './describe-existing.ts'
export { digestPeFile } from './digest.ts'
export { authenticodeSign, defaultOrders, foundDirective, wantedBy } from './directive.ts'
export { type ExistingPlace, readStatedDigest } from './existing-signature.ts'
export { peFormat, peVerifier } from './format.ts'
export { type DigestedImage, type ImageDigestionRequest, imageDigestion } from './image-digestion.ts'
export {
  type InspectionRequest,
  inspectPeFile,
  inspectSignatures,
  judgePeFile,
  type PeFileInspection,
} from './inspect.ts'
export { makeSignature, type SignatureMeans } from './make-signature.ts'
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
export { assertDescribable, encodeIndirectData, type ProgramDescription } from './spc.ts'
export { type VerifyOptions, type VerifyPeFileRequest, verifyOpenPeFile, verifyPeFile } from './verify.ts'
export {
  readOnlySignature,
  type SignatureTrust,
  type VerifiedSignature,
  type VerifiedSignatureTime,
  verifySignature,
} from './verify-signature.ts'
export { readIndirectData } from './verify-spc.ts'
