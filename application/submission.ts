import type {
  ConfigurationParameters,
  ExistingSignatureTreatment,
  SaidOrigin,
  SigningRequestId,
  TrustedBuildSystemKind,
} from '../domain/index.ts'
import type { SubmittedBuild } from './build-ports.ts'
import type { SubmittedSource } from './ports.ts'

/** What is said of an artifact's origin; the file that said how to build was uploaded before. */
export type SubmittedOrigin = {
  readonly repositoryData: SaidOrigin['repositoryData']
  readonly buildData: { readonly url: string | null; readonly buildSettingsUploadId: string | null } | null
  /** Verification summaries of the source revision, which were uploaded before; none when it is left out. */
  readonly sourceSummaryUploadIds?: readonly string[]
}

/** What a submission asks for, whatever its artifact is. */
export type SubmissionChoices = {
  /** The project's slug or id; `null` when the policy is named by its id, which says the project. */
  readonly project: string | null
  /** The signing policy's slug (in the project) or id. */
  readonly signingPolicy: string
  readonly description: string | null
  /** Which version of the product it is, as the submitter says it; nothing when it is left out. */
  readonly version?: string | null
  /** What is done with files that are signed already; the first that the policy allows when nothing is asked. */
  readonly existingSignatures?: ExistingSignatureTreatment | null
  /**
   * What says what is signed inside of the artifact: the slug (in the project) or id of an artifact configuration. Without one the
   * project's default does; where there is none, it follows from the artifact.
   */
  readonly artifactConfiguration?: string | null
  /** Values of the artifact configuration's parameters. */
  readonly parameters?: ConfigurationParameters | null
  /** Where the artifact comes from, as the trusted build system says that vouches for the call; nothing when it is left out. */
  readonly origin?: SubmittedOrigin | null
  /** Which build it comes from, as that trusted build system says; nothing when it is left out. */
  readonly build?: SubmittedBuild | null
  /**
   * What the caller calls this submission, 1 to 128 printable ASCII characters: submitting again by the same name answers
   * the request that there is. Without one, every submission is a request of its own.
   */
  readonly idempotencyKey?: string | null
  /** The service cancels the request when it is not final after so many seconds; never when nothing is said. */
  readonly cancelAfterSeconds?: number | null
}

/** What a submission says. */
export type SubmitSigningRequestInput = SubmissionChoices & {
  readonly source: SubmittedSource
  /** Whether a build that is wrong is refused at once, and not only when the artifact is there. */
  readonly isBuildCheckedFirst?: boolean
}

/** An artifact of a build that its build system is asked about, whoever's call it is. */
export type BuildArtifactSubmission = {
  /** Of which kind the build system must be; `null`: of whichever it is. */
  readonly kind: TrustedBuildSystemKind | null
  /** Its slug; `null`: the one that vouches for the call. */
  readonly buildSystem: string | null
  readonly choices: Omit<SubmissionChoices, 'build'>
  readonly build: SubmittedBuild
  /**
   * Where the artifact comes from: `fetched` from the build system, by its id or path there (that of the build when no name is said); `announced`, and uploaded later, with the
   * digest that the build archived of it; `link`, with that digest too.
   */
  readonly artifact:
    | { readonly kind: 'fetched'; readonly name?: string; readonly sha256?: string }
    | { readonly kind: 'announced'; readonly fileName: string }
    | {
        readonly kind: 'link'
        readonly fileName: string
        readonly url: string
        readonly headers?: Readonly<Record<string, string>>
      }
}

/** What is known of a submission before its artifact is uploaded. */
export type CanSubmitInput = SubmissionChoices & {
  readonly fileName: string
  /** Bytes of the artifact. */
  readonly size: number
  /** The artifact's first bytes, up to 64 KiB, in which faults of its format may show; `null` leaves that out. */
  readonly firstBytes: Uint8Array | null
}

/** That a submission would be taken. */
export type SubmissionCheck = {
  /** The request that its idempotency key stands for already; `null` when it would make one. */
  readonly signingRequestId: SigningRequestId | null
}
