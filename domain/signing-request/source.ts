import type { Sha256Digest } from '../digest.ts'
import type { Instant } from '../event.ts'
import { parseFileName } from '../file-name.ts'
import type { SigningRequestId, SourceSecretsId, TrustedBuildSystemId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { isFinalStatus, type WorkflowStatus } from './workflow-status.ts'

/** Bytes in the artifact store and the name that people know them by. */
export type Artifact = {
  /** A plain file name, without directories. */
  readonly fileName: string
  readonly sha256: Sha256Digest
  /** Bytes. */
  readonly size: number
}

/**
 * Where the artifact of a request comes from, in the form that every kind has. Rooms that need not know the kinds work
 * with this alone, so that a kind that only another release knows is folded, shown and compared as well.
 */
export type Source<Kind extends string = string, Details extends object = object> = {
  readonly kind: Kind
  /** The artifact's file name, where the submission says it; else retrieving it shows. */
  readonly fileName: string | null
  /** The SHA-256 that the bytes must have, where the submission says it. */
  readonly sha256: Sha256Digest | null
  /** How many bytes there must be, where the submission says it. */
  readonly size: number | null
  /** Whether retrieving waits for nothing outside: the bytes are in the artifact store, or in the source itself. */
  readonly isAtHand: boolean
  /** Names what is secret about it (headers of a link, a build system's token). It is sealed and kept outside of the log. */
  readonly secretsId: SourceSecretsId | null
  /** What the kind needs besides. Never a secret. */
  readonly details: Readonly<Details>
}

/** A file that was uploaded before the submission, and lies in the artifact store. */
export type UploadedFile = Source<'uploadedFile', Record<never, never>>

/** A file that is fetched by HTTP. */
export type Link = Source<
  'link',
  {
    /** Absolute, without user information, query and fragment: these are secret, as the values of headers are. */
    readonly url: string
    /** Names of the headers that are sent along, for people. */
    readonly headerNames: readonly string[]
    /** While its server is away, it is tried again until then; then the request ends. */
    readonly fetchBefore: Instant
  }
>

/** A file whose name and digest are known, and which is uploaded after the submission. */
export type AnnouncedUpload = Source<
  'announcedUpload',
  {
    /** The request ends when it is not there by then. */
    readonly uploadBefore: Instant
  }
>

/** What a build of a trusted build system made, and its connector fetches. */
export type BuildArtifact = Source<
  'buildArtifact',
  {
    readonly trustedBuildSystemId: TrustedBuildSystemId
    /** The connector that knows the system: `github-actions`. */
    readonly connector: string
    /** Which build, in the connector's own terms: repository and run, for example. */
    readonly build: Readonly<Record<string, string>>
    /** Which artifact of that build, by the system's id or path. */
    readonly artifact: string
  }
>

/** Digests to be signed as they are. The artifact is a document that holds them. */
export type HashPayload = Source<
  'hashPayload',
  {
    readonly signatureAlgorithm: 'RsaPkcs1' | 'RsaPss' | 'Ecdsa'
    /** `null` for ECDSA, which names none. */
    readonly hashAlgorithm: 'sha1' | 'sha256' | 'sha384' | 'sha512' | null
    /** `null` for RSA. */
    readonly signatureFormat: 'ieee' | 'asn1' | null
    /** Base64, in the order in which the signatures are given back. */
    readonly hashes: readonly string[]
    /** What the submitter tells about it: JSON as text. */
    readonly metadata: string | null
  }
>

/** The artifact of another request, as that one retrieved it. */
export type EarlierRequest = Source<'earlierRequest', { readonly signingRequestId: SigningRequestId }>

/** The request whose artifact a source takes again; `undefined` when it takes none. */
export function earlierRequestOf(source: Pick<Source, 'kind' | 'details'>): SigningRequestId | undefined {
  return source.kind === 'earlierRequest' ? (source as EarlierRequest).details.signingRequestId : undefined
}

/** Every source that this release has a form for. */
export type KnownSource = UploadedFile | Link | AnnouncedUpload | BuildArtifact | HashPayload | EarlierRequest

/**
 * Reads what every source must say; what its kind demands besides is checked where the kind is known.
 *
 * @throws Refusal `SOURCE_MALFORMED`, `FILE_NAME_MALFORMED`
 */
export function checkedSource(source: Source): Source {
  const { kind, fileName, size } = source
  if (!/^[a-z][A-Za-z0-9]{0,63}$/.test(kind))
    throw new Refusal(
      'SOURCE_MALFORMED',
      `A kind of source is a word such as uploadedFile; got ${JSON.stringify(kind)}.`,
    )
  if (size !== null && !(Number.isSafeInteger(size) && size >= 0))
    throw new Refusal('SOURCE_MALFORMED', `The size of an artifact is a whole number of bytes; got ${size}.`)
  return { ...source, fileName: fileName === null ? null : parseFileName(fileName) }
}

/**
 * The file that a request is about, as far as it is known what its bytes are: as it was retrieved, or, when it is at hand,
 * as its source says. `null` until then.
 */
export function knownArtifact(request: {
  readonly source: Source
  readonly artifact: Artifact | null
}): Artifact | null {
  const { isAtHand, fileName, sha256, size } = request.source
  if (request.artifact !== null || !isAtHand) return request.artifact
  return fileName === null || sha256 === null || size === null ? null : { fileName, sha256, size }
}

/**
 * Whether the service has the artifact of a request, so that whoever has it to be fetched may let it go: a build job whose
 * credentials end with it, for example.
 */
export function isArtifactRetrieved(request: { readonly artifact: Artifact | null }): boolean {
  return request.artifact !== null
}

/** Whether a request waits for the upload that its submission announced. */
export function isUploadAwaited(request: {
  readonly source: Source
  readonly artifact: Artifact | null
  readonly workflowStatus: WorkflowStatus
}): boolean {
  const { source, artifact, workflowStatus } = request
  return source.kind === 'announcedUpload' && artifact === null && !isFinalStatus(workflowStatus)
}

/** The source of a file that was uploaded and is in the artifact store. */
export function uploadedFile({ fileName, sha256, size }: Artifact): UploadedFile {
  return { kind: 'uploadedFile', fileName, sha256, size, isAtHand: true, secretsId: null, details: {} }
}
