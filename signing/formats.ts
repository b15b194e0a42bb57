import { peFormat } from './authenticode/index.ts'
import type { SignatureFormat } from './signature-format.ts'

/** Every format that this release can sign. A file that several recognize is of the first of them. */
export const signatureFormats: readonly SignatureFormat[] = [peFormat]
