import type { DomainEvent } from '../event.ts'
import type { TrustedBuildSystemId, UserId } from '../ids.ts'
import type { OriginVerification } from '../signing-policy/index.ts'
import type { TrustedBuildSystemKind } from '../trusted-build-system/events.ts'
import type { OriginCheck, OriginEvidence, OriginProof, VerifiedOrigin } from '../verified-origin.ts'

/** What a request's origin must be: what policy and project demanded when it was submitted. */
export type DemandedOrigin = OriginVerification & {
  /** The project's. */
  readonly repositoryUrl: string
}

/** Who was asked about an artifact's origin, and what came of it. */
export type OriginFacts = {
  readonly trustedBuildSystemId: TrustedBuildSystemId
  readonly kind: TrustedBuildSystemKind
  /** Every check, in the order in which they were made. */
  readonly checks: readonly OriginCheck[]
  /** What the build system answered. */
  readonly evidence: readonly OriginEvidence[]
}

/** The artifact's origin was verified, and is one that policy and project allow. */
export type OriginVerified = DomainEvent<
  'OriginVerified',
  OriginFacts & {
    readonly proof: OriginProof
    readonly origin: VerifiedOrigin
    /**
     * The users whom administrators had linked with the build's actors then, in the order of their ids; left out where there are
     * none. They count as submitter.
     */
    readonly peopleBehind?: readonly UserId[]
  }
>

/** The artifact's origin is not what was said, or not one that policy and project allow. Ends the request. */
export type OriginRejected = DomainEvent<'OriginRejected', OriginFacts>
