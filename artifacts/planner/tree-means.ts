import type { ArchiveLimits } from '../../archives/index.ts'
import type { ExistingSignatureTreatment, Sha256Digest } from '../../domain/index.ts'
import type { DetachedSignature } from '../../signing/detached-signature.ts'
import type { OrderLimits } from '../../signing/directives.ts'
import type { FilePasses } from '../../signing/file-passes/index.ts'
import type { ForeignTrust, ForeignVerifier } from '../../signing/foreign-verifier.ts'
import type { OpenFile, SignatureFormat } from '../../signing/signature-format.ts'
import type { ArtifactError } from '../artifact-error.ts'
import type { FileKind } from '../configuration/index.ts'
import type { DiskPlace } from '../store/disk-error.ts'

/** What can be done with files: formats, signatures beside files, and checks of signatures that others made. */
export type SigningAbilities = {
  readonly formats: readonly SignatureFormat[]
  readonly detached: readonly DetachedSignature[]
  readonly verifiers: readonly ForeignVerifier[]
  /** Whom others' signatures must lead to. The worker and the signer need the same: the plan depends on it. */
  readonly trust: Omit<ForeignTrust, 'at' | 'trustedThumbprints'>
}

/** How much an artifact may hold. */
export type TreeLimits = ArchiveLimits & {
  /** How many containers may be opened in one another: `CONTAINER_TOO_DEEP`. */
  readonly depth: number
}

/** What holds for all files of a request. */
export type TreeRules = OrderLimits & {
  readonly existingSignatures: ExistingSignatureTreatment
  /** When the request was submitted: others' certificates are judged as of then, so that it is the same whenever it is planned. */
  readonly at: Date
}

/** What a walk over an artifact works with. */
export type TreeMeans = SigningAbilities &
  TreeRules & {
    readonly limits: TreeLimits
    readonly passes: FilePasses
    /** Where files are unpacked to: nobody else writes there. */
    readonly folder: string
    /** Which folder it is, for errors. */
    readonly place: DiskPlace
    /** Whether copies of what is signed or opened stay there; otherwise they go when they are not needed any more. */
    readonly keepsCopies: boolean
    readonly signal?: AbortSignal | undefined
    readonly onProgress?: (() => void) | undefined
    /**
     * Takes what planning would fail with, so that the walk goes on and finds the rest; without it the first failure ends it.
     *
     * @throws what it does not take
     */
    readonly onProblem?: ((problem: ArtifactError) => void) | undefined
    /** Whether files that no element means are looked at as well: what they are, and the signatures that they have. */
    readonly looksAtAll?: boolean
  }

/** A file that a walk has come to. */
export type WalkedFile = OpenFile & {
  /** Names from the artifact inwards. */
  readonly path: readonly string[]
  readonly sha256: Sha256Digest
  /** Which entry of its container it is; -1 for the artifact. */
  readonly entry: number
  /** Where the copy is that is open; `undefined` where the artifact itself is. */
  readonly copy: string | undefined
}

/** How far a walk has come. */
export type Walk = TreeMeans & {
  /** How much of the limits is left: they hold for all containers of the artifact together. */
  readonly budget: { entries: number; totalSize: number }
  /** How many containers are open around. */
  readonly depth: number
  /** Which files must be signed when no element means them. */
  readonly refuseUnsigned: readonly FileKind[] | null
}
