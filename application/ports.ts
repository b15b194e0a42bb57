import type {
  CertificateId,
  ExistingSignatureTreatment,
  Instant,
  IssuedX509Certificate,
  KeyAlgorithm,
  KeyId,
  LinkSettings,
  OrganizationId,
  PersonalDetails,
  PersonId,
  ProjectId,
  ReadPerson,
  SealedDetails,
  SealedPerson,
  Sha256Digest,
  SigningPolicyId,
  Source,
  TrustedBuildSystemId,
  TrustedBuildSystemKind,
  UserId,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { Workflows } from '../workflows/port.ts'
import type { ApiTokenUses } from './api-token-uses.ts'
import type { ConfigurationTexts } from './artifact-configuration-port.ts'
import type { Builds, SubmittedBuild } from './build-ports.ts'
import type { Caller } from './caller.ts'
import type { KeptSecrets } from './kept-secrets.ts'
import type { MailedTokens } from './mailed-tokens.ts'
import type { RefusalAudit } from './refusal-audit.ts'
import type { SourceSummaries } from './source-summary-port.ts'
import type { WebHookPorts } from './web-hook-ports.ts'

/** An uploaded artifact that waits for its submission. */
export type Upload = {
  readonly uploadId: string
  readonly fileName: string
  readonly sha256: Sha256Digest
  readonly size: number
}

/** Where uploads are kept. Errors carry a `code`, and `transient` when trying again may help. */
export interface Uploads {
  /** Stores bytes for a user, when there is room for them. */
  receive(input: {
    readonly organizationId: OrganizationId
    readonly userId: UserId
    readonly fileName: string
    /** Bytes that are announced; `undefined` when nobody says. */
    readonly size?: number | undefined
    readonly bytes: AsyncIterable<Uint8Array>
    /** What a request waits for: the id under which the upload is found, and what its bytes must be (`ARTIFACT_MISMATCH`). */
    readonly announced?: { readonly uploadId: string; readonly sha256: Sha256Digest; readonly size: number | null }
  }): Promise<Upload>
  /**
   * Says whether so many bytes of a user would be taken now. Fails with `UPLOAD_EMPTY`, `ARTIFACT_TOO_LARGE`,
   * `UPLOAD_QUOTA_EXCEEDED`.
   */
  admit(input: {
    readonly organizationId: OrganizationId
    readonly userId: UserId
    readonly size: number | undefined
  }): Promise<void>
  /** Gives up a user's upload, unless a request names it. */
  discard(uploadId: string, userId: UserId): Promise<void>
}

/** Where a submitted artifact comes from: a kind of source, and what that kind asks for. */
export type SubmittedSource =
  | {
      readonly kind: 'uploadedFile'
      /** The id that the upload of the artifact answered. */
      readonly uploadId: string
    }
  | {
      readonly kind: 'earlierRequest'
      /** A completed request of the same project. */
      readonly signingRequestId: string
    }
  | {
      readonly kind: 'link'
      /** Absolute; its query and the values of the headers are secret. */
      readonly url: string
      readonly fileName: string
      readonly sha256?: string | null
      readonly headers?: Readonly<Record<string, string>> | null
    }
  | {
      readonly kind: 'announcedUpload'
      readonly fileName: string
      readonly sha256: string
      readonly size?: number | null
    }
  | ({ readonly kind: string } & Readonly<Record<string, unknown>>)

/** Who submits, and to which project. */
export type SourceContext = {
  readonly organizationId: OrganizationId
  readonly userId: UserId
  readonly projectId: ProjectId
}

/** The kinds of sources that artifacts can come from. Errors as of {@link Uploads}. */
export interface Sources {
  /**
   * Checks what a caller submits, as far as that is possible now, and says it as the request's events will. Changes
   * nothing. Fails with `SOURCE_NOT_SUPPORTED`, `SOURCE_MALFORMED`, `ARTIFACT_TOO_LARGE`, and codes of the kind.
   */
  check(submitted: SubmittedSource, context: SourceContext): Promise<Source>
  /**
   * Keeps what is secret about a source that {@link Sources.check} passed, and gives the source that names it. Fails with
   * `SECRETS_…`.
   */
  keepSecrets(source: Source, submitted: SubmittedSource, context: SourceContext): Promise<Source>
  /** What of a source its submitter chose: the same when the same was submitted again. */
  chosen(source: Source): object
  /** Notes that a request was made of it: an upload counts for no quota any more. */
  accepted(submitted: SubmittedSource): Promise<void>
}

/**
 * Where to look for signing policies that let a user submit. It may be behind the log: what it names is held against the
 * log, and when it names nothing it is asked again as of now.
 */
export interface SubmitterIndex {
  /** A few policies that name the user as a submitter. Costs the same however many policies there are. */
  policiesOf(caller: Pick<Caller, 'organizationId' | 'userId'>): Promise<readonly SigningPolicyId[]>
  /** Waits until it has everything that is in the log now. */
  catchUp(): Promise<void>
}

/** What an authority handed out for a key, as somebody uploads it. */
export type IssuedFile = {
  /** PEM, DER or PKCS #7, with the certificates above it or without. */
  readonly file: Uint8Array
  /** DER SubjectPublicKeyInfo of the key that it must be for, base64. */
  readonly publicKey: string
  /** DER certificates that are known from elsewhere, base64. */
  readonly known: readonly string[]
  readonly at: Instant
}

/** A certificate that is imported with its key. */
export type ImportedCertificate = {
  readonly issued: IssuedX509Certificate
  /** What people call its subject. */
  readonly commonName: string
  /** Of its key. */
  readonly algorithm: KeyAlgorithm
}

/** What use cases of certificates need of the world. */
export interface Certificates {
  /**
   * Reads what an authority issued, completes its chain and checks it.
   *
   * @throws Refusal `CERTIFICATE_FILE_…`, `X509_…`, `PKCS7_MALFORMED`, `ISSUED_…`, `CHAIN_…`
   */
  readIssued(issued: IssuedFile): IssuedX509Certificate
  /**
   * Reads a certificate that is imported with its key, completes its chain and checks it as {@link readIssued} does; it may be
   * self-signed.
   *
   * @throws Refusal as {@link readIssued}, `IMPORTED_KEY_UNSUPPORTED`
   */
  readImported(issued: Omit<IssuedFile, 'known'>): ImportedCertificate
  /** The signing policies whose version in force uses a certificate, as of now. */
  policiesUsing(organizationId: OrganizationId, certificateId: CertificateId): Promise<readonly SigningPolicyId[]>
  /** The same, of all certificates of a key. */
  policiesUsingKey(organizationId: OrganizationId, keyId: KeyId): Promise<readonly SigningPolicyId[]>
}

/**
 * Where to look for the Global Administrators of an organization. It may be behind the log: whom it names is held against the
 * log.
 */
export interface AdministratorIndex {
  /** Everybody who holds the role, deactivated users too. */
  of(organizationId: OrganizationId): Promise<readonly UserId[]>
  /** Waits until it has everything that is in the log now. */
  catchUp(): Promise<void>
}

/**
 * Where to look for the trusted build systems that are linked with a project. It may be behind the log: what it names is held
 * against the log, and when it names none that fits it is asked again as of now.
 */
export interface LinkedBuildSystemIndex {
  /** Those that are linked, disabled ones too. */
  of(organizationId: OrganizationId, projectId: ProjectId): Promise<readonly TrustedBuildSystemId[]>
  /** Those of which a link says as whom jobs submit by their identity token alone (`jobSubmitterOf`), disabled ones too. */
  ofJobs(organizationId: OrganizationId): Promise<readonly TrustedBuildSystemId[]>
  /** Waits until it has everything that is in the log now. */
  catchUp(): Promise<void>
}

/** Where artifacts are read. */
export interface ArtifactReader {
  /** Streams bytes `start` (inclusive) to `end` (exclusive); the whole by default. */
  read(sha256: Sha256Digest, range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>
}

/** Finds faults of a file's format in its first bytes; that it finds none promises nothing. Errors as of {@link Uploads}. */
export type HeaderCheck = (file: {
  readonly fileName: string
  /** Bytes of the whole file. */
  readonly size: number
  readonly firstBytes: Uint8Array
  /** What is to be done with it if it is signed already. */
  readonly existingSignatures: ExistingSignatureTreatment
  /** What it would be signed with. */
  readonly signedBy: { readonly keyAlgorithm: KeyAlgorithm; readonly timestamp: 'required' | 'none' }
}) => Promise<void>

/** What room is needed for: a submission needs more than a change of what is there. */
export type RoomFor = 'submission' | 'change'

/** Room for what is about to be written. */
export interface Room {
  /**
   * Looks whether there is enough.
   *
   * @throws an error with the code `DISK_FULL` or `DISK_UNWRITABLE`, which is transient
   */
  require(what: RoomFor): Promise<void>
}

/**
 * Seals what is known of people, each with a key of their own that is kept outside of log and read model. Errors carry a
 * `code`, and are transient.
 */
export interface Persons {
  /**
   * Makes a new user's key and seals with it. Where the address belongs to another user of the organization already, that
   * user is answered, and what is sealed is sealed for that one. Fails with `PERSON_KEYS_…`.
   */
  seal(person: PersonId, details: PersonalDetails): Promise<SealedDetails & { readonly userId: UserId }>
  /** Destroys a user's key, which is for good; twice is as once. Fails with `PERSON_KEYS_…`. */
  erase(person: PersonId): Promise<void>
}

/** Opens what {@link Persons} sealed, for who answers people. */
export interface PersonReader {
  /** Reads many people at once, in their order. Never fails; does not wait long for keys that are away. */
  read(people: readonly SealedPerson[]): Promise<readonly ReadPerson[]>
}

/** What each kind of build system asks of links, and of what submissions say of their build. Nobody is called for it. */
export interface BuildSystemForms {
  /**
   * Checks what a link is to say, and answers it as it is to be recorded: as it was given, defaults left out.
   *
   * @param secrets the names of all secrets that the link will have
   * @throws Refusal `ORIGIN_LINK_INVALID`, `ORIGIN_SECRET_MISSING`, `PIPELINE_POLICY_…`
   */
  checkLink(kind: TrustedBuildSystemKind, settings: unknown, secrets: readonly string[]): LinkSettings
  /** Addresses that are called for a link: of the API, and of the issuer of tokens. None for settings that cannot be used. */
  linkAddresses(kind: TrustedBuildSystemKind, settings: LinkSettings): readonly string[]
  /** Names of the secrets that a link must have. */
  linkSecrets(kind: TrustedBuildSystemKind): readonly string[]
  /** Names of those that it can have besides. */
  optionalLinkSecrets(kind: TrustedBuildSystemKind): readonly string[]
  /**
   * Checks what a submission says of its build, and answers the same under the names that the kind has: fields as they are to be
   * recorded.
   *
   * @param isDemanded whether its origin is to be verified, for which the kind may need secrets of the submission
   * @throws Refusal `ORIGIN_BUILD_INVALID`, `ORIGIN_SECRET_UNKNOWN`, `ORIGIN_SECRET_MISSING`
   */
  checkBuild(kind: TrustedBuildSystemKind, build: SubmittedBuild, isDemanded: boolean): SubmittedBuild
  /** The field of a build that names its artifact where that is fetched; `undefined` where clients upload it. */
  artifactField(kind: TrustedBuildSystemKind): string | undefined
}

/** Remembers which statements of proxies about build nodes came with a call. Errors carry a `code`, and are transient. */
export interface UsedStatements {
  /**
   * Remembers a statement until it counts no more by any clock: of several at once, in whatever processes, one does.
   *
   * @returns whether it was not used before
   */
  use(statement: {
    readonly trustedBuildSystemId: string
    readonly nonce: string
    readonly expiresAt: Instant
  }): Promise<boolean>
}

/** What use cases need of the world. */
export type ApplicationDependencies = {
  readonly log: EventLog
  readonly workflows: Workflows
  readonly uploads: Uploads
  readonly sources: Sources
  readonly builds: Builds
  readonly artifacts: ArtifactReader
  readonly checkHeader: HeaderCheck
  readonly configurationTexts: ConfigurationTexts
  readonly sourceSummaries: SourceSummaries
  readonly submitters: SubmitterIndex
  readonly certificates: Certificates
  readonly administrators: AdministratorIndex
  readonly linkedBuildSystems: LinkedBuildSystemIndex
  readonly persons: Persons
  readonly refusals: RefusalAudit
  readonly secrets: KeptSecrets
  /** Says whether an address may be called, as far as that is known now. Fails with `OUTGOING_…`. */
  readonly checkTarget: (url: string) => Promise<unknown>
  readonly buildSystems: BuildSystemForms
  readonly webHooks: WebHookPorts
  /** Where it is recorded when tokens were last used; nowhere without one. */
  readonly apiTokenUses?: Pick<ApiTokenUses, 'note'>
  /** Tokens that stand in mails; without it none are sent, and invitations are shown to whoever invites. */
  readonly mailedTokens?: MailedTokens
  readonly room: Room
  /** Without it nothing is taken that comes by an authentication proxy. */
  readonly usedStatements?: UsedStatements
  readonly now: () => Instant
}
