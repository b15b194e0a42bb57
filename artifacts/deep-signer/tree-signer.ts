import type { ArchiveLimits } from '../../archives/index.ts'
import type { SigningDirective } from '../../domain/index.ts'
import type { DetachedMeans, DetachedSignature } from '../../signing/detached-signature.ts'
import type { FilePasses } from '../../signing/file-passes/index.ts'

/** What a tree is signed with. */
export type TreeSigner = {
  /** The signer's own, where the copies of the tree are, and what becomes of them. */
  readonly folder: string
  readonly passes: FilePasses
  readonly limits: ArchiveLimits
  readonly detached: readonly DetachedSignature[]
  readonly means: DetachedMeans
  /** How many files are signed at once: as many as the token has sessions, or more. */
  readonly atOnce: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (() => void) | undefined
}

/** What signing has made of a node. */
export type MadeFile = {
  /** Where it is. */
  readonly path: string
  /** What was done to it: of a container that was put together again with the digests of what it has become. */
  readonly directives: readonly SigningDirective[]
  /** The signatures that become files of their own, in the order of the directives. */
  readonly outputs: readonly MadeOutput[]
}

/** A signature that is a file of its own. */
export type MadeOutput = {
  /** In the container. */
  readonly name: string
  readonly path: string
}
