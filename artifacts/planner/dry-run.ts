import type { PlanNodeContent, Sha256Digest } from '../../domain/index.ts'
import type { OpenFile } from '../../signing/signature-format.ts'
import { ArtifactError } from '../artifact-error.ts'
import type { ElementNode } from '../configuration/index.ts'
import type { TreeMeans } from './tree-means.ts'
import { nodesOf } from './tree-node.ts'
import { walkArtifact } from './walk-artifact.ts'

/** Something that a request would be refused for. */
export type DryRunProblem = {
  readonly code: string
  readonly message: string
  /** Names from the sample inwards; `null` where no file is at fault. */
  readonly path: readonly string[] | null
}

/** What an artifact configuration would do with a sample. */
export type DryRun = {
  /** In the order in which they were found; none when the sample could be signed. */
  readonly problems: readonly DryRunProblem[]
  /**
   * The nodes of the plan, in its order: each with the element that means it, if one does, what would be done to it, and the signatures that
   * it has already. None when the sample itself cannot be opened.
   */
  readonly files: readonly PlanNodeContent[]
}

/** What a sample is planned with. */
export type DryRunMeans = Omit<TreeMeans, 'keepsCopies' | 'onProblem' | 'looksAtAll'>

/**
 * Plans a sample without a request: finds all that a request would be refused for, and not only the first of it, and looks also at files that
 * no element means. Nothing is kept.
 *
 * @param root of a configuration whose parameters were put in
 * @param sample open for reading
 * @throws ArtifactError, SigningError only what is transient; the signal's reason
 */
export async function dryRun(means: DryRunMeans, root: ElementNode, sample: OpenFile): Promise<DryRun> {
  const problems: DryRunProblem[] = []
  const note = ({ code, message, path }: ArtifactError) => void problems.push({ code, message, path })
  const { handle, size } = sample
  const order = { input: handle.fd, output: undefined, end: size, hashed: true, digestion: undefined }
  const { passes, signal, onProgress } = means
  const { sha256 } = await passes.read(order, { signal, onProgress })
  const artifact = { ...sample, sha256: sha256 as Sha256Digest, copy: undefined }
  try {
    const tree = await walkArtifact({ ...means, keepsCopies: false, onProblem: note, looksAtAll: true }, root, artifact)
    return { problems, files: [...nodesOf(tree)] }
  } catch (error) {
    if (!(error instanceof ArtifactError) || error.transient) throw error
    note(error)
    return { problems, files: [] }
  }
}
