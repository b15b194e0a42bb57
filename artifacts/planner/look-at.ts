import { type ExistingSignature, Refusal } from '../../domain/index.ts'
import { completeOrders } from '../../signing/directives.ts'
import type { OpenFile, SignatureFormat } from '../../signing/signature-format.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { digestFile } from './digest-file.ts'
import { partsOf } from './read-artifact.ts'
import type { TreeMeans } from './tree-means.ts'

/** What a file is, and whose signatures it has, whether anything is to be done with it or not. */
export async function lookAt(
  means: Pick<TreeMeans, 'formats' | 'passes' | 'signal' | 'onProgress' | 'keyAlgorithm'>,
  file: OpenFile,
): Promise<{ readonly format: string | null; readonly existingSignatures: readonly ExistingSignature[] }> {
  const format = await recognized(means, file)
  if (format === undefined) return { format: null, existingSignatures: [] }
  return { format: format.name, existingSignatures: await existingSignaturesOf(means, format, file) }
}

/** The first of the formats that a file is of. */
export async function recognized(
  { formats }: Pick<TreeMeans, 'formats'>,
  { handle, size, name }: OpenFile,
): Promise<SignatureFormat | undefined> {
  for (const format of formats)
    if ((await format.detect({ name, size, readPart: partsOf(handle, size) })) === 'recognized') return format
  return undefined
}

/** The signatures of a file that is not signed here. */
export async function existingSignaturesOf(
  { passes, signal, onProgress, keyAlgorithm }: Pick<TreeMeans, 'passes' | 'signal' | 'onProgress' | 'keyAlgorithm'>,
  format: SignatureFormat,
  file: OpenFile,
): Promise<readonly ExistingSignature[]> {
  const defaults = { existingSignatures: 'replace', program: { description: null, descriptionUrl: null } } as const
  try {
    const orders = completeOrders(format, format.defaultOrders(defaults), { keyAlgorithm, timestamp: 'none' })
    const options = { passes, signal, onProgress }
    const planned = await format.plan(await digestFile(format, file, orders, options), orders, options)
    return planned.existingSignatures.map((each) => ({ ...each, outcome: 'kept' as const }))
  } catch (error) {
    signal?.throwIfAborted()
    // It is not signed, so it need not be such that it could be.
    if (error instanceof SigningError && !error.transient) return []
    if (error instanceof Refusal) return []
    throw error
  }
}
