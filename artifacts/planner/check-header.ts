import type { ExistingSignatureTreatment, KeyAlgorithm } from '../../domain/index.ts'
import { completeOrders } from '../../signing/directives.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { detectFormat } from './detect-format.ts'
import { alreadySigned, withPath } from './planning-errors.ts'

/** The beginning of a file that is somewhere else. */
export type FileHeader = {
  readonly fileName: string
  /** Bytes of the whole file. */
  readonly size: number
  /** Its first bytes, as many as one likes: the more, the more can be found. */
  readonly firstBytes: Uint8Array
  /** What is to be done with it if it is signed already. */
  readonly existingSignatures: ExistingSignatureTreatment
  /** What it would be signed with, where that is known: some formats are for some keys. */
  readonly signedBy?: { readonly keyAlgorithm: KeyAlgorithm; readonly timestamp: 'required' | 'none' }
}

/** What was asked for lies behind the bytes at hand. */
class BeyondHeader extends Error {}

/**
 * Finds what planning would refuse a file for, as far as its first bytes show it. That nothing is found promises nothing.
 *
 * @param formats what can be signed
 * @throws ArtifactError `FORMAT_NOT_SUPPORTED`, `FILE_ALREADY_SIGNED`, `KEY_ALGORITHM_UNSUITABLE`, `TIMESTAMP_NOT_POSSIBLE` and the codes of the format (`PE_…`), as `createSigningPlan` of the whole file
 */
export async function checkHeader(
  formats: readonly SignatureFormat[],
  { fileName, size, firstBytes, existingSignatures, signedBy }: FileHeader,
): Promise<void> {
  async function readPart(start: number, length: number): Promise<Buffer> {
    const [from, to] = [Math.min(start, size), Math.min(start + length, size)]
    if (to > firstBytes.length) throw new BeyondHeader()
    return Buffer.from(firstBytes.subarray(from, to))
  }
  try {
    await withPath([fileName], async () => {
      const format = await detectFormat(formats, { name: fileName, size, readPart })
      const { isSigned } = await format.checkStart(firstBytes, size)
      if (existingSignatures === 'refuse' && isSigned) throw alreadySigned()
      const orders = format.defaultOrders({ existingSignatures, program: { description: null, descriptionUrl: null } })
      if (signedBy !== undefined) completeOrders(format, orders, signedBy)
    })
  } catch (error) {
    if (!(error instanceof BeyondHeader)) throw error
  }
}
