import type { DomainEvent, Instant } from '../event.ts'
import type {
  LinkSecretId,
  OrganizationId,
  ProjectId,
  TrustedBuildSystemId,
  TrustedBuildSystemTokenId,
} from '../ids.ts'

/**
 * Which build system it is: it says what can be asked of it about a build. `openIdConnect` is any whose jobs bring
 * identity tokens of an issuer; `custom` is any caller that holds the token; `authenticationProxy` knows build nodes by their client
 * certificates.
 */
export const trustedBuildSystemKinds = [
  'githubActions',
  'gitlabCi',
  'jenkins',
  'azureDevOps',
  'teamCity',
  'appVeyor',
  'openIdConnect',
  'custom',
  'authenticationProxy',
] as const

/** Which build system it is. */
export type TrustedBuildSystemKind = (typeof trustedBuildSystemKinds)[number]

/** What of a trusted build system can be changed. */
export type TrustedBuildSystemSettings = {
  readonly name: string
  readonly description: string | null
}

/** What a trusted build system is. */
export type TrustedBuildSystemFacts = TrustedBuildSystemSettings & {
  readonly trustedBuildSystemId: TrustedBuildSystemId
  readonly organizationId: OrganizationId
  /** For good: tools name the build system by it. */
  readonly slug: string
  /** For good: another kind is another build system. */
  readonly kind: TrustedBuildSystemKind
}

/** A trusted build system came to be, enabled and linked to nothing. */
export type TrustedBuildSystemCreated = DomainEvent<'TrustedBuildSystemCreated', TrustedBuildSystemFacts>

/** It has another name or description. */
export type TrustedBuildSystemChanged = DomainEvent<'TrustedBuildSystemChanged', TrustedBuildSystemSettings>

/** What is kept of a token. */
export type TrustedBuildSystemTokenFacts = {
  readonly tokenId: TrustedBuildSystemTokenId
  /** SHA-256 of the whole token text, hexadecimal. */
  readonly tokenHash: string
  /** The first characters of the token's secret part, to recognise it by. */
  readonly prefix: string
}

/** A token was made and shown once. Only its hash is kept. It takes the place of the one before. */
export type TrustedBuildSystemTokenIssued = DomainEvent<
  'TrustedBuildSystemTokenIssued',
  TrustedBuildSystemTokenFacts & {
    /** Until when the one before works beside it; `null`: it stops at once, as those that were replaced earlier do. */
    readonly previousTokenValidUntil: Instant | null
  }
>

/** Nothing that it vouches for counts until it is enabled. */
export type TrustedBuildSystemDisabled = DomainEvent<'TrustedBuildSystemDisabled', { readonly reason: string | null }>

/** It can vouch again, by the tokens that it has. */
export type TrustedBuildSystemEnabled = DomainEvent<'TrustedBuildSystemEnabled'>

/**
 * Settings of a link, as JSON: base URLs, ids, whatever the kind of build system asks for. Nothing of it is secret. They are as
 * they were given: what is left out has its default, which is the same for good.
 */
export type LinkSettings = Readonly<Record<string, unknown>>

/** A secret of a link: its value is kept sealed, outside of the log. Another value has another id. */
export type LinkSecret = {
  /** What the kind of build system calls it: `apiKey`. */
  readonly name: string
  readonly secretId: LinkSecretId
}

/** What a trusted build system is for one project. */
export type TrustedBuildSystemLink = {
  readonly projectId: ProjectId
  readonly settings: LinkSettings
  /** By name, each once. */
  readonly secrets: readonly LinkSecret[]
}

/**
 * What it vouches for may be submitted to policies of a project that demand a trusted build system. Since the second form with
 * settings and secrets, without which nobody can be asked about a build; the first form says that there are none.
 */
export type TrustedBuildSystemLinked = DomainEvent<
  'TrustedBuildSystemLinked',
  Pick<TrustedBuildSystemLink, 'projectId'> & Partial<TrustedBuildSystemLink>
>

/** A link has other settings or secrets: all of them, as they are from now on. */
export type TrustedBuildSystemLinkChanged = DomainEvent<'TrustedBuildSystemLinkChanged', TrustedBuildSystemLink>

/** It vouches for nothing of the project any more. */
export type TrustedBuildSystemUnlinked = DomainEvent<'TrustedBuildSystemUnlinked', { readonly projectId: ProjectId }>

/**
 * What a proxy that signs by this key says of build nodes is believed: an Ed25519 key (RFC 8410), `keyId` the SHA-256 of its DER
 * SubjectPublicKeyInfo (hexadecimal), `publicKey` that DER in base64. From the first one on every call with the build system's token must come by a proxy.
 */
export type TrustedBuildSystemProxyKeyRegistered = DomainEvent<
  'TrustedBuildSystemProxyKeyRegistered',
  { readonly keyId: string; readonly publicKey: string }
>

/** What is signed by this key is not believed any more. */
export type TrustedBuildSystemProxyKeyRemoved = DomainEvent<
  'TrustedBuildSystemProxyKeyRemoved',
  { readonly keyId: string; readonly reason: string | null }
>

/** Everything that happens to a trusted build system. */
export type TrustedBuildSystemEvent =
  | TrustedBuildSystemCreated
  | TrustedBuildSystemChanged
  | TrustedBuildSystemTokenIssued
  | TrustedBuildSystemDisabled
  | TrustedBuildSystemEnabled
  | TrustedBuildSystemLinked
  | TrustedBuildSystemLinkChanged
  | TrustedBuildSystemUnlinked
  | TrustedBuildSystemProxyKeyRegistered
  | TrustedBuildSystemProxyKeyRemoved
