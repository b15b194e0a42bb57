import type { ZodType } from 'zod'
import type {
  Artifact,
  BuildNode,
  Instant,
  OriginCheck,
  OriginEvidence,
  OriginProof,
  SaidOrigin,
  Sha256Digest,
  TrustedBuildSystemKind,
  VerifiedOrigin,
} from '../domain/index.ts'
import type { HttpApi } from './http-api.ts'
import type { TokenClaims } from './identity-token/claims.ts'
import type { Secret } from './secret.ts'

/** What a connector is asked about: one build, and what it made. */
export type OriginQuestion<Settings, Build> = {
  /** What the link between project and build system says. */
  readonly settings: Settings
  /** What the submission says of its build. Nothing of it is believed. */
  readonly build: Build
  /** The bytes as they are in the artifact store; `null` while they are not there yet, as when it is asked for at submission. */
  readonly artifact: Artifact | null
  /** Whether the service got these bytes from the build system, by {@link Connector.fetchArtifact}; else somebody sent them. */
  readonly isFetched?: boolean
  /** What the submission says of its origin; `null` when nothing. Only where the system can be asked nothing it is all there is. */
  readonly claimed: SaidOrigin | null
  /** The build node that an authentication proxy says the submission came from; `null` when none did. */
  readonly node?: BuildNode | null
  /** The project that the artifact is signed for. */
  readonly project: { readonly slug: string; readonly repositoryUrl: string }
  /** The signing policy that it is signed by. */
  readonly signingPolicy: { readonly slug: string }
}

/** What a connector found. */
export type OriginFinding = {
  /** `null` when so much is missing or wrong that nothing can be said; then at least one check failed. */
  readonly origin: VerifiedOrigin | null
  readonly proof: OriginProof
  /** In the order in which they were made; one at least. */
  readonly checks: readonly OriginCheck[]
  readonly evidence: readonly OriginEvidence[]
  /** That the bytes were held against what the build system keeps or says of them; left out where they were not. */
  readonly isArtifactCompared?: boolean
  /**
   * The token by which it was proved, where there was one. Whoever takes the finding has it used for this submission alone, by
   * `useOnce` of the identity tokens, before anything comes of it.
   */
  readonly identityToken?: ProvingToken
}

/** A token that its issuer signed, by which something was proved. */
export type ProvingToken = {
  readonly issuer: string
  readonly tokenId: string
  readonly expiresAt: Instant
  /** The SHA-256 of the one artifact that it is for, where its audience names one; else `null`. */
  readonly boundTo: Sha256Digest | null
}

/** What a connector works with, for one question. */
export type ConnectorTools = {
  /** Reaches {@link Connector.baseUrl} and no other address, but for redirects, which credentials do not follow. */
  readonly api: HttpApi
  /** Secrets of the link (`apiKey`) and of the submission (`identityToken`), by name. */
  readonly secrets: Readonly<Partial<Record<string, Secret>>>
  /**
   * Keeps a raw answer in the artifact store. It must hold no secret: of a token only its payload is kept.
   *
   * @param name what it is: `run`, `artifact`
   */
  readonly keep: (name: string, mediaType: string, bytes: Uint8Array) => Promise<OriginEvidence>
  /** The moment as of which it is judged: that of the submission, however much later the build system answers. */
  readonly now: () => Instant
  /** Ends the work with the signal's reason. */
  readonly signal: AbortSignal
}

/** An artifact that comes from where its build system keeps it. */
export type FetchedArtifact = {
  readonly fileName: string
  /** As the system says; `null` when it does not. What is kept is compared with it, and a difference is final. */
  readonly sha256: Sha256Digest | null
  /** Bytes, as the system says; `null` when it does not. */
  readonly size: number | null
  /** The bytes, once. A download that was cut fails with an `OriginError` that may pass. */
  readonly bytes: AsyncIterable<Uint8Array>
}

/** What one kind of build system asks of links, and of submissions. */
export type ConnectorForms<Settings, Build> = {
  readonly kind: TrustedBuildSystemKind
  /** What a link must say: base URLs, ids. No secret is among it. */
  readonly settings: ZodType<Settings>
  /** Names of the secrets that a link must hold, such as `apiKey`; none by default. */
  readonly linkSecrets?: readonly string[]
  /** Names of those that it may hold besides; none by default. */
  readonly optionalLinkSecrets?: readonly string[]
  /** Addresses that are called for a link: of the API, and of the issuer of tokens; none by default. */
  readonly addresses?: (settings: Settings) => readonly string[]
  /**
   * Checks what settings and secrets of a link must be together, and what cannot be said of a field alone.
   *
   * @param secrets the names of all that the link will have
   * @throws Refusal that says what would be right
   */
  readonly checkLink?: (settings: Settings, secrets: readonly string[]) => void
  /** What a submission must say of its build: ids of run and artifact. No secret is among it. */
  readonly build: ZodType<Build>
  /** The field of a build that names the artifact where the service fetches it; left out where clients upload artifacts. */
  readonly artifactField?: string
  /** Names of the secrets that a submission must bring, such as `identityToken`; none by default. */
  readonly buildSecrets?: readonly string[]
  /** Names of those that it may bring besides; none by default. */
  readonly optionalBuildSecrets?: readonly string[]
  /**
   * Whether claims of an identity token are of the issuer and the ids that a link pins: by it the links are found that a token can be
   * for. Nothing of the token is believed yet. Left out where jobs have no such tokens.
   */
  readonly isOfLink?: (settings: Settings, claims: TokenClaims) => boolean
}

/** What asks one kind of build system about its builds. */
export interface Connector<Settings, Build> extends ConnectorForms<Settings, Build> {
  /** Where its API is, as the link says; `null` when it asks nobody. */
  baseUrl(settings: Settings): string | null
  /**
   * Checks what the build system must confirm: that the build exists, and the artifact is its, attempts, runners, forks, triggers.
   * What project and policy demand of the origin, the domain judges from it.
   *
   * @returns with failed checks where something is wrong for good
   * @throws OriginError with `isPassing` for what may pass: the system is down, or asks to be called less
   */
  verify(question: OriginQuestion<Settings, Build>, tools: ConnectorTools): Promise<OriginFinding>
  /**
   * Checks the identity token that a submission brings, as the whole of {@link verify} does later, and asks nobody but its issuer:
   * what is said of the build besides may not be known yet. Left out where jobs have no such tokens.
   *
   * @throws OriginError with `isPassing` while the issuer's keys cannot be had
   */
  verifyToken?(
    question: OriginQuestion<Settings, Build>,
    tools: Pick<ConnectorTools, 'secrets' | 'keep' | 'now'>,
  ): Promise<OriginFinding>
  /**
   * Gets the artifact from where the system keeps it; left out where clients upload it.
   *
   * @throws OriginError
   */
  fetchArtifact?(question: OriginQuestion<Settings, Build>, tools: ConnectorTools): Promise<FetchedArtifact>
  /**
   * The SHA-256 that the build announced of an artifact which comes otherwise than from the system; left out where builds announce none.
   *
   * @throws OriginError
   */
  announcedDigest?(question: OriginQuestion<Settings, Build>, tools: ConnectorTools): Promise<Sha256Digest>
}
