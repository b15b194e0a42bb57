import type { z } from 'zod'
import type { ArtifactIdentity } from '../artifacts/index.ts'
import type { Artifact, OrganizationId, ProjectId, Source, Submission, UserId } from '../domain/index.ts'

/** What a caller submits, before it is checked: the name of a kind, and whatever else the caller sent. */
export type UncheckedSource = { readonly kind: string } & Readonly<Record<string, unknown>>

/** Who submits, and to which project. */
export type SubmissionContext = {
  readonly organizationId: OrganizationId
  readonly userId: UserId
  readonly projectId: ProjectId
}

/** What a kind of source retrieves with. */
export type Retrieval = {
  readonly request: Submission
  /**
   * Takes bytes into the artifact store as they come: no more than the kind's limit, and none but those that the source
   * promises.
   *
   * @throws ArtifactError `ARTIFACT_TOO_LARGE`, `ARTIFACT_STORE_…`; Refusal `ARTIFACT_NOT_AS_ANNOUNCED`; errors of `bytes`
   */
  readonly put: (bytes: AsyncIterable<Uint8Array>) => Promise<ArtifactIdentity>
  /** The most bytes that {@link put} takes. */
  readonly maximumSize: number
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Says that the work has moved on; `put` does by itself. */
  readonly progress?: (() => void) | undefined
}

/**
 * One kind of source: all that the service knows of it. Errors have codes; `domain/step-failures.ts` says of each whether
 * it ends a request or lets it wait.
 */
export interface SourceKind<Of extends Source = Source> {
  readonly kind: Of['kind']
  /** The form of what its events say besides what every source says. */
  readonly details: z.ZodType<Of['details']>
  /**
   * Says what was submitted as another kind as one of this kind, where its content shows that it is that. Changes nothing.
   *
   * @returns `undefined` where it is not
   */
  recognise?(submitted: UncheckedSource, context: SubmissionContext): Promise<UncheckedSource | undefined>
  /**
   * Checks what a caller submits, as far as that is possible now, and says it as the request's events will. Changes nothing.
   */
  check(submitted: UncheckedSource, context: SubmissionContext): Promise<Of>
  /**
   * Keeps what is secret about a source that {@link check} passed, when nothing else speaks against its submission, and
   * names it in `secretsId`.
   */
  keepSecrets?(source: Of, submitted: UncheckedSource, context: SubmissionContext): Promise<Of>
  /** Removes what {@link keepSecrets} kept: the artifact is there, or the request is over. Twice is as once. */
  removeSecrets?(source: Of, request: Pick<Submission, 'organizationId'>): Promise<void>
  /** What of the details the submitter chose; all of it, by default. Two submissions are the same when this is. */
  chosen?(details: Of['details']): object
  /** Called when a request was made of what was submitted. Nothing depends on it. */
  accepted?(submitted: UncheckedSource): Promise<void>
  /** Called when the log has it that the artifact is there. Nothing depends on it. */
  retrieved?(source: Of, request: Submission): Promise<void>
  /** Brings the bytes into the artifact store, or finds them there. */
  retrieve(source: Of, retrieval: Retrieval): Promise<Artifact>
  /** What people are shown of it besides file name, digest and size: names and values. */
  describe(source: Of): Readonly<Record<string, string>>
}
