import type { Instant } from './event.ts'
import type { ApiTokenId, SessionId, TrustedBuildSystemId, TrustedBuildSystemTokenId, UserId } from './ids.ts'
import { Refusal } from './refusal.ts'

/**
 * How somebody signed in to a session. `issuer` is the `iss` of the provider (OpenID Connect Core §2), `amr` what it says
 * of the factors (RFC 8176; empty when it says nothing).
 */
export type SignIn =
  | { readonly method: 'openIdConnect'; readonly issuer: string; readonly amr: readonly string[] }
  | { readonly method: 'passkey'; readonly credentialId: string }
  /** The link of an invitation, which works once. */
  | { readonly method: 'invitation' }
  /** A link that the operator of the machine was given, which works once. */
  | { readonly method: 'oneTimeLink' }

/** A session of the web application. */
export type WebSession = {
  readonly sessionId: SessionId
  readonly signIn: SignIn
  /** When the user last proved who they are in this session. */
  readonly authenticatedAt: Instant
}

/** How a user proved who they are for one call. */
export type Authentication =
  | { readonly method: 'apiToken'; readonly tokenId: ApiTokenId }
  | ({ readonly method: 'session' } & WebSession)
  | {
      /** A WebAuthn assertion over what the user decided; the assertion itself stands in the data of the event. */
      readonly method: 'passkeyAssertion'
      /** Id of the credential, base64url. */
      readonly credentialId: string
      /** The session in which it was asked for, if there was one. */
      readonly session: WebSession | null
    }
  | {
      /** An OpenID Connect token of a build's job, used once, which stands for a CI user. */
      readonly method: 'identityToken'
      readonly issuer: string
      /** Its `jti`, or its SHA-256 (hexadecimal) where it has none. */
      readonly tokenId: string
    }

/** A build node that a proxy knew by its client certificate (RFC 5280), and the rule that it met. */
export type BuildNode = {
  /** Distinguished name as RFC 4514 writes it. */
  readonly subject: string
  /** Distinguished name as RFC 4514 writes it. */
  readonly issuer: string
  /** Hexadecimal, lower case. */
  readonly serialNumber: string
  /** Id of the Microsoft certificate template, or its name where the certificate has the older extension alone; `null` without either. */
  readonly template: string | null
  /** Name of the proxy's rule set. */
  readonly rule: string
}

/** Which trusted build system says that a call comes from it, and how it proved who it is. */
export type Voucher = {
  readonly trustedBuildSystemId: TrustedBuildSystemId
  readonly proof:
    | { readonly method: 'token'; readonly tokenId: TrustedBuildSystemTokenId }
    /** The identity token by which the user is authenticated, or another one of the same form. */
    | { readonly method: 'identityToken'; readonly issuer: string; readonly tokenId: string }
    /**
     * Nothing came that is the build system's: the caller names it, and it is asked about the build through its link with the project.
     * What it vouches for counts only where the origin is verified, by its answers.
     */
    | { readonly method: 'link' }
  /** The node behind the proxy that added the build system's token; `null` when the build system called by itself. */
  readonly node: BuildNode | null
  /**
   * What the proxy said of the node and signed, as it came (`node-statement.ts`): by it the node is checked again. It works no second
   * time. Left out where there is no node.
   */
  readonly nodeStatement?: string
}

/** How a trusted build system proved who it is. */
export type VoucherMethod = Voucher['proof']['method']

/** A user, how they proved it, and the build system that vouches for the call, if one does. */
export type UserActor = {
  readonly kind: 'user'
  readonly userId: UserId
  readonly authentication: Authentication
  readonly vouchedBy?: Voucher
}

/** A part of the service itself. */
export type SystemActor = {
  readonly kind: 'system'
  /** The part that acted: `workflow`, `signer`, `setup`, `operator` (of the machine), `refusalAudit` … */
  readonly component: string
}

/** Nobody that is known: a request without a token, or with a bad one. */
export type AnonymousActor = { readonly kind: 'anonymous' }

/**
 * Who caused an event. A log may hold kinds and methods that a later release has added: whoever reads an actor from an
 * event must have an answer for those too, and none of them may be believed.
 */
export type Actor = UserActor | SystemActor | AnonymousActor

const kinds: Readonly<Record<Actor['kind'], true>> = { user: true, system: true, anonymous: true }

/** Whether this release knows the kind of an actor, which may be of a later one. */
export function isKnownActorKind(kind: string): kind is Actor['kind'] {
  return Object.hasOwn(kinds, kind)
}

/** The user who acted; `null` when it was none, or when the kind of actor is not known. */
export function actingUser(actor: Actor): UserId | null {
  return actor.kind === 'user' ? actor.userId : null
}

/** Whether somebody outside of the service acted: their calls have ids, by which one that is sent again is known. */
export function isFromOutside(actor: Actor): boolean {
  return actor.kind !== 'system'
}

/**
 * The credential by which a user acted, as text: calls by the same credential have the same. Identity tokens are used once
 * each, so those of one issuer count as one. `undefined` for a method that this release does not know.
 */
export function credentialOf(authentication: Authentication): string | undefined {
  switch (authentication.method) {
    case 'apiToken':
      return authentication.tokenId
    case 'session':
      return authentication.sessionId
    case 'passkeyAssertion':
      return authentication.credentialId
    case 'identityToken':
      return authentication.issuer
    default:
      return undefined
  }
}

/**
 * Whether a call came with a credential of a build: a trusted build system vouches for it, or the token of a build's job stands
 * for the user. Whatever of a build can act could then approve what the build made.
 */
export function isFromBuild(call: Pick<UserActor, 'authentication' | 'vouchedBy'>): boolean {
  return call.vouchedBy !== undefined || call.authentication.method === 'identityToken'
}

/** @throws Refusal `APPROVAL_FROM_BUILD` when a call came with a credential of a build */
export function refuseApprovalFromBuild(call: Pick<UserActor, 'authentication' | 'vouchedBy'>): void {
  if (isFromBuild(call))
    throw new Refusal(
      'APPROVAL_FROM_BUILD',
      'The call comes from a build: a trusted build system vouches for it, or it was made with the token of a job. Builds approve nothing.',
    )
}
