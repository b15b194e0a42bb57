import type {
  Artifact,
  BuildNode,
  BuildReference,
  Instant,
  OrganizationId,
  SaidOrigin,
  Sha256Digest,
  SigningRequestId,
  TrustedBuildSystemKind,
  TrustedBuildSystemLink,
} from '../domain/index.ts'

/** What is said of the build that an artifact comes from, in the words of its system's kind. */
export type SubmittedBuild = {
  /** Ids of run, job and artifact; no secret. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Texts by which its system can be asked, by name (`accessToken`, `identityToken`). They are kept sealed until the origin is known. */
  readonly secrets: Readonly<Record<string, string>>
}

/** What is asked about the build of a submission before anything of it is recorded. */
export type BuildQuestion = {
  readonly organizationId: OrganizationId
  /** The request that it is to be: what is used once is used for it. `null` where it is only asked whether it would be taken. */
  readonly signingRequestId: SigningRequestId | null
  /** What the link between project and build system says; its secrets are named, not told. */
  readonly link: Pick<TrustedBuildSystemLink, 'settings' | 'secrets'>
  readonly kind: TrustedBuildSystemKind
  readonly fields: BuildReference['fields']
  /** By name; not sealed yet. */
  readonly secrets: SubmittedBuild['secrets']
  /** What is known of the artifact; `null` when nothing. */
  readonly artifact: Artifact | null
  readonly claimed: SaidOrigin | null
  /** The build node behind an authentication proxy; `null` without one. */
  readonly node: BuildNode | null
  readonly project: { readonly slug: string; readonly repositoryUrl: string }
  readonly signingPolicy: { readonly slug: string }
  /** Whether a wrong build is refused now: where whoever submits waits for the answer, and can only then tell people why. */
  readonly isWhole?: boolean
}

/** What use cases need of connectors to build systems. Errors carry a `code`, and `transient` when trying again may help. */
export interface Builds {
  /**
   * Refuses at once what will never be verified: an identity token that does not hold for the link, or was used for another
   * submission; credentials that the build system does not take; a build that is not named. What may pass, and whether the build is
   * right, is asked again once the artifact is there.
   *
   * @throws Refusal with the code of the check that failed; what may pass: `IDENTITY_TOKEN_KEY…`, `IDENTITY_TOKEN_STORE_…`, `SECRETS_…`
   */
  verify(question: BuildQuestion): Promise<void>
  /**
   * The SHA-256 that a build announced of an artifact which comes otherwise than from its system.
   *
   * @throws Refusal `ORIGIN_…` with the code of the connector; what may pass: as an error with that code
   */
  announcedDigest(question: BuildQuestion): Promise<Sha256Digest>
  /**
   * Those of some links that a job's identity token can be for, by what it says of itself: of their issuer, and of the ids that they
   * pin. Nothing of the token is believed yet.
   */
  linksOfJob<Link extends JobLink>(links: readonly Link[], token: string): readonly Link[]
  /**
   * Checks the identity token of a job against a link: signature, audience, times, and whatever the link says of its claims.
   *
   * @param artifact what is submitted with it, as far as that is known: a token that names an artifact is for no other one
   * @throws Refusal with the code of the check that failed; what may pass: `IDENTITY_TOKEN_KEY…`
   */
  verifyJob(link: JobLink, token: string, artifact: Artifact | null): Promise<JobToken>
  /**
   * Uses the token of a job for a request, and for no other one.
   *
   * @throws Refusal `IDENTITY_TOKEN_USED`; what may pass: `IDENTITY_TOKEN_STORE_…`
   */
  useJob(token: JobToken, signingRequestId: SigningRequestId): Promise<void>
}

/** What a link with a build system says, whose jobs have identity tokens. */
export type JobLink = { readonly kind: TrustedBuildSystemKind } & Pick<TrustedBuildSystemLink, 'settings'>

/** The identity token of a job, which its issuer signed and which holds for a link. */
export type JobToken = {
  readonly issuer: string
  /** Its `jti`, or what stands for one. */
  readonly tokenId: string
  readonly expiresAt: Instant
  /** The SHA-256 of the one artifact that it is for, where it names one; else `null`. */
  readonly boundTo: Sha256Digest | null
}
