import type { BuildNode } from './actor.ts'
import type { SaidOrigin } from './signing-request/claimed-origin.ts'
import { failedCheck, type OriginCheck, passedCheck, type VerifiedOrigin } from './verified-origin.ts'

/** An origin as it follows from a claim, and what was asked of the claim. */
export type OriginOfClaim = {
  /** `null` when the claim says too little. */
  readonly origin: VerifiedOrigin | null
  readonly checks: readonly OriginCheck[]
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
