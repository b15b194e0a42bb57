import type { ForeignTrust, ForeignVerdict, ForeignVerifier } from '../../signing/foreign-verifier.ts'
import type { OpenFile, SignatureFormat } from '../../signing/signature-format.ts'
import type { TreeMeans } from './tree-means.ts'

type Means = Pick<TreeMeans, 'verifiers' | 'trust' | 'at' | 'passes' | 'signal' | 'onProgress'>

/**
 * What judges the signatures that files of a format have.
 *
 * @param directive the directive that asks for it, where one does
 */
export function verifierOf(
  { verifiers }: Pick<Means, 'verifiers'>,
  format: SignatureFormat | undefined,
  directive?: string,
): ForeignVerifier | undefined {
  return verifiers.find(
    (each) =>
      format !== undefined && each.formats.includes(format.name) && (directive ?? each.directive) === each.directive,
  )
}

/** Judges the signatures of a file, as of when the request was submitted. */
export function judged(
  { trust, at, passes, signal, onProgress }: Means,
  verifier: ForeignVerifier,
  file: OpenFile,
  trusted: Partial<ForeignTrust> = {},
): Promise<ForeignVerdict> {
  return verifier.verify(file, { ...trust, at, ...trusted }, { passes, signal, onProgress })
}
