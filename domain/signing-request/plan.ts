import type { Sha256Digest } from '../digest.ts'
import type { ExistingSignature } from '../existing-signatures.ts'
import type { CertificateId, ProjectId, SigningPolicyId, SigningRequestId } from '../ids.ts'
import type { SigningDirective } from '../signing-directive.ts'
import type { ConfigurationOfRequest } from './configuration.ts'

/** What a signature format says of a file. */
export type FormatOfFile = {
  /**
   * What its bytes were recognized as, such as `pe`. `null` for a file that is not signed itself: then it has no directives,
   * and nobody looked for signatures.
   */
  readonly format: string | null
  /** The signatures that it carries already, and what becomes of each. */
  readonly existingSignatures: readonly ExistingSignature[]
  /** What is done to it, in this order. */
  readonly directives: readonly SigningDirective[]
}

/** The bytes of a file before anything is done to them. */
export type FileContent = {
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
}

/**
 * What becomes of a node: `signed` when its directives sign it; `rebuilt` when only something below it is signed;
 * `unchanged` when it stays byte for byte.
 */
export type PlannedOutcome = 'signed' | 'rebuilt' | 'unchanged'

/** The most names in the path of a node: an artifact is opened far less deep. */
export const mostNamesOfPath = 64

/** The element of the artifact configuration that matched a node. */
export type MatchedElement = {
  /** Its name, such as `pe-file` or `pe-file-set`. */
  readonly name: string
  /** The path that matched, as it is written there; `null` where none is written. */
  readonly path: string | null
  /** Where it begins in the configuration, from 1. */
  readonly line: number
  readonly column: number
}

/** What a plan by an artifact configuration says of a node besides; what there is none of is absent. */
export type NodeFindings = {
  /** What the file says of itself, by the names of the restrictions that it was compared with. */
  readonly metadata?: Readonly<Record<string, string>>
  /** What its approvers should know, a sentence for each. */
  readonly warnings?: readonly string[]
  /** The signatures that become files of their own: their names in the container that the node is in. */
  readonly outputs?: readonly string[]
}

/**
 * A node of a plan before it has its place in the tree: a file, a file that is opened because something in it is named
 * (`container`), or a folder in a container that has directives of its own (`directory`).
 */
export type PlanNodeContent = {
  /** Names from the artifact inwards: the artifact's own file name, then the path in it, then the path in that, … */
  readonly path: readonly string[]
  readonly outcome: PlannedOutcome
  /** `null` where no artifact configuration says what is signed, and for what none of its elements matched. */
  readonly element: MatchedElement | null
} & NodeFindings &
  (
    | ({ readonly kind: 'file' } & FileContent & FormatOfFile)
    | ({
        readonly kind: 'container'
        /** How it is opened, such as `zip`. */
        readonly container: string
      } & FileContent &
        FormatOfFile)
    | { readonly kind: 'directory'; readonly directives: FormatOfFile['directives'] }
  )

/**
 * A node of a plan. Nodes stand depth first, a container before what is in it, and what is in it in the order of paths
 * (UTF-16 code units), each path once. So a tree has one order, what is below a node follows it without a gap, and the
 * next node beside it is found by `descendants` alone.
 */
export type PlanNode = PlanNodeContent & {
  /** The index of the node that it is in; `null` for the artifact itself, whose index is 0. */
  readonly parent: number | null
  /** How many nodes are below it, at any depth. */
  readonly descendants: number
}

/** A node that is a file. */
export type PlannedFile = Exclude<PlanNode, { readonly kind: 'directory' }>

/**
 * What will be signed, how, with what and by which rules: the head of a document in the artifact store, whose entries are
 * a {@link PlanNode} each. The head names the digest of every page of entries, so its own digest stands for all of them.
 * Approvers agree to that digest (law 2); it names the request, so an approval cannot be used for another.
 */
export type SigningPlan = PlanFacts &
  (
    | { readonly schemaVersion: 1 }
    | {
        readonly schemaVersion: 2
        /** What says what is signed inside what. */
        readonly artifactConfiguration: ConfigurationOfRequest
      }
  )

/** What the heads of all plans say. */
type PlanFacts = {
  readonly kind: 'signingPlan'
  /** Which planner made it. The same version makes the same plan of the same bytes and facts; another one need not. */
  readonly plannerVersion: number
  readonly signingRequestId: SigningRequestId
  readonly projectId: ProjectId
  readonly signingPolicyId: SigningPolicyId
  readonly signingPolicyVersion: number
  readonly certificateId: CertificateId
  /** SHA-256 of the signing certificate's DER, hexadecimal. */
  readonly certificateThumbprint: string
  readonly timestamp: 'required' | 'none'
}
