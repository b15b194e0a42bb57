import type { BuildNode } from './actor.ts'
import { Refusal } from './refusal.ts'
import type { SaidOrigin } from './signing-request/claimed-origin.ts'
import { failureOfOrigin } from './signing-request/judge-origin.ts'
import type { TrustedBuildSystemKind } from './trusted-build-system/events.ts'
import {
  failedCheck,
  failedChecks,
  type OriginCheck,
  type OriginProof,
  passedCheck,
  type VerifiedOrigin,
} from './verified-origin.ts'

/** An origin as it follows from a claim, and what was asked of the claim. */
export type OriginOfClaim = {
  /** `null` when the claim says too little. */
  readonly origin: VerifiedOrigin | null
  readonly checks: readonly OriginCheck[]
}

/** What is found where nobody can be asked but the build system that claims it, and how that is proved. */
export type FindingOfClaim = OriginOfClaim & { readonly proof: OriginProof }

/**
 * What is found of a claim by a build system of a kind that can be asked no more than it says. `custom` is any caller that holds the
 * token. Behind an `authenticationProxy` the node is part of the origin: without one the claim came past the proxy, with its token.
 *
 * Worker and signer judge by this one function, and a submission is refused by it that could never be signed.
 *
 * @returns `undefined` for a kind that is to be asked
 */
export function findingOfClaim(
  kind: TrustedBuildSystemKind,
  claimed: SaidOrigin | null,
  node: BuildNode | null,
): FindingOfClaim | undefined {
  if (kind === 'custom') return { ...originOfClaim(claimed), proof: 'claim' }
  if (kind !== 'authenticationProxy') return undefined
  if (node !== null) return { ...originOfClaim(claimed, node), proof: 'clientCertificate' }
  const unknownNode = failedCheck(
    'node',
    {
      code: 'ORIGIN_NODE_UNKNOWN',
      message:
        'Nothing says which build node submitted it. An administrator registers the public key of the authentication proxy with the trusted build system, and the build submits by that proxy; or submit to a signing policy that does not verify origins.',
    },
    { node: null },
  )
  return { origin: null, proof: 'clientCertificate', checks: [unknownNode] }
}

/** Whether build systems of a kind are asked about their builds; what the others claim is all that is known. */
export function isAskedKind(kind: TrustedBuildSystemKind): boolean {
  return findingOfClaim(kind, null, null) === undefined
}

/**
 * Refuses a claim of which it is plain when it is made that its origin will never be verified.
 *
 * @throws Refusal `ORIGIN_NODE_UNKNOWN`, `ORIGIN_CLAIM_INCOMPLETE`
 */
export function requireUsableClaim(
  kind: TrustedBuildSystemKind,
  claimed: SaidOrigin | null,
  node: BuildNode | null,
): void {
  const finding = findingOfClaim(kind, claimed, node)
  if (finding === undefined || failedChecks(finding.checks).length === 0) return
  const { code, message } = failureOfOrigin(finding.checks)
  throw new Refusal(code, message, { field: 'origin' })
}

/**
 * The origin that a trusted build system claims for what it submits, where no more can be asked of it: repository, branch and
 * commit must be named. Whoever judges an origin by a claim gets the same from the same claim.
 *
 * @param node the build node behind an authentication proxy, if there is one
 */
export function originOfClaim(claimed: SaidOrigin | null, node: BuildNode | null = null): OriginOfClaim {
  const repository = claimed?.repositoryData
  const [url, branch, commit] = [repository?.url ?? '', repository?.branchName ?? '', repository?.commitId ?? '']
  const checks = [
    namedCheck('claimedRepository', 'repositoryData.url', url),
    namedCheck('claimedBranch', 'repositoryData.branchName', branch),
    namedCheck('claimedCommit', 'repositoryData.commitId', commit),
  ]
  if (checks.some(({ outcome }) => outcome === 'failed')) return { origin: null, checks }
  const build = claimed?.buildData?.url ?? null
  return {
    checks,
    origin: {
      repository: { url, id: null, ownerId: null },
      ref: refOf(branch),
      commitId: commit.toLowerCase(),
      build: {
        id: build ?? 'not named',
        url: build,
        attempt: null,
        definition: null,
        calledDefinition: null,
        trigger: null,
        runners: 'unknown',
      },
      actors: [],
      ...(node !== null && { node }),
    },
  }
}

function namedCheck(name: string, field: string, value: string): OriginCheck {
  if (value !== '') return passedCheck(name, { [field]: value })
  return failedCheck(
    name,
    {
      code: 'ORIGIN_CLAIM_INCOMPLETE',
      message: `The submission does not say origin.${field}, without which its origin cannot be verified. Have the build system send it.`,
    },
    { [field]: null },
  )
}

/** A full name says what it is of; any other `refs/…` stays as it is, and is no branch. */
function refOf(name: string): VerifiedOrigin['ref'] {
  if (name.startsWith('refs/tags/')) return { kind: 'tag', name: name.slice('refs/tags/'.length) }
  const isBranch = name.startsWith('refs/heads/') && name.length > 'refs/heads/'.length
  return { kind: 'branch', name: isBranch ? name.slice('refs/heads/'.length) : name }
}
