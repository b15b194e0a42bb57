import type { FileParts, SignatureFormat } from '../../signing/signature-format.ts'
import { ArtifactError } from '../artifact-error.ts'

/**
 * Says what a file is by its bytes: the first of the formats that recognizes it.
 *
 * @throws ArtifactError `FORMAT_NOT_SUPPORTED`
 */
export async function detectFormat(formats: readonly SignatureFormat[], file: FileParts): Promise<SignatureFormat> {
  let seen = file.size === 0 ? 'is empty' : 'has a format that cannot be signed'
  for (const format of formats) {
    const detection = await format.detect(file)
    if (detection === 'recognized') return format
    if (detection === 'foreign') continue
    // What is like a file of one format is of no other.
    seen = detection.unsupported
    break
  }
  const supported = formats.map(({ title }) => title).join('; ')
  throw new ArtifactError('FORMAT_NOT_SUPPORTED', `${file.name} ${seen}. What can be signed: ${supported}.`, {
    path: [file.name],
  })
}
