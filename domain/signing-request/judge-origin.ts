import { isCommitId } from '../commit-id.ts'
import { Refusal } from '../refusal.ts'
import { isSameRepository } from '../repository-url.ts'
import { isAllowedBranch } from '../signing-policy/index.ts'
import { failedCheck, failedChecks, type OriginCheck, passedCheck, type VerifiedOrigin } from '../verified-origin.ts'
import type { RequestFailure } from './failure.ts'
import type { DemandedOrigin } from './origin-events.ts'

/**
 * Holds a verified origin against what policy and project demand of it: the repository is the project's, the ref a branch that the
 * policy allows, and the commit named in full. Whether the build system confirms the origin is for its connector to say.
 *
 * @returns every check, the failed ones among them
 */
export function judgeOrigin(origin: VerifiedOrigin, demanded: DemandedOrigin): readonly OriginCheck[] {
  return [
    repositoryCheck(origin.repository.url, demanded.repositoryUrl),
    branchCheck(origin.ref, demanded),
    commitCheck(origin.commitId),
  ]
}

/** The name of the check by which verification summaries of the source are judged. */
export const sourceSummaryCheck = 'sourceSummary'

/**
 * Where a verification summary of the source is demanded, one must have been judged and found good: what judges them is not here.
 *
 * @param checks those that were made
 * @returns the check that fails where that is not so; nothing else
 */
export function demandedSummary(
  checks: readonly OriginCheck[],
  { sourceSummary }: DemandedOrigin,
): readonly OriginCheck[] {
  if (sourceSummary === undefined) return []
  if (checks.some(({ name, outcome }) => name === sourceSummaryCheck && outcome === 'passed')) return []
  const message = `The signing policy demands a verification summary of the source revision, of level ${sourceSummary.level}, and none was found good.`
  return [failedCheck(sourceSummaryCheck, { code: 'STATEMENT_MISSING', message }, { level: sourceSummary.level })]
}

/**
 * Refuses a request whose origin must have been verified and was not, or is not one that was demanded: what is recorded is judged
 * again.
 *
 * @throws Refusal `ORIGIN_NOT_VERIFIED`
 */
export function requireVerifiedOrigin({ originVerification, origin }: OriginDemanding): void {
  if (originVerification === undefined) return
  const verified = origin?.verified ?? null
  const failed = failedChecks([
    ...(origin?.checks ?? []),
    ...(verified === null ? [] : judgeOrigin(verified.origin, originVerification)),
    ...demandedSummary(origin?.checks ?? [], originVerification),
  ])
  if (verified !== null && failed.length === 0) return
  throw new Refusal(
    'ORIGIN_NOT_VERIFIED',
    `The signing policy demands a verified origin, and the artifact's is not.${failed[0]?.message ? ` ${failed[0].message}` : ''}`,
    { failed: failed.map(({ name }) => name) },
  )
}

/** What of a request its origin is judged by. */
export type OriginDemanding = {
  readonly originVerification?: DemandedOrigin
  readonly origin: {
    readonly checks: readonly OriginCheck[]
    readonly verified: { readonly origin: VerifiedOrigin } | null
  } | null
}

/** Why a request fails whose origin was rejected: by the first check that failed. */
export function failureOfOrigin(checks: readonly OriginCheck[]): RequestFailure {
  const failed = failedChecks(checks)
  const [first] = failed
  const others = failed.length > 1 ? ` ${failed.length - 1} more of ${checks.length} checks failed.` : ''
  return {
    code: first?.code ?? 'ORIGIN_NOT_VERIFIED',
    message: `${first?.message ?? 'The origin of the artifact could not be verified.'}${others}`,
    path: null,
  }
}

/** Whether something was built from the repository of the project. */
export function repositoryCheck(url: string, demanded: string): OriginCheck {
  const compared = { repository: url, project: demanded }
  if (isSameRepository(url, demanded)) return passedCheck('repository', compared)
  return failedCheck(
    'repository',
    {
      code: 'ORIGIN_REPOSITORY_MISMATCH',
      message: `It was built from the repository ${url}, and the project's is ${demanded}. Submit it to the project of that repository, or have a project administrator correct the project's repository URL.`,
    },
    compared,
  )
}

function branchCheck({ kind, name }: VerifiedOrigin['ref'], { allowedBranches }: DemandedOrigin): OriginCheck {
  const compared = { kind, name, allowed: allowedBranches.join(', ') }
  // `refs/pull/1/merge` and the like are no branches of the repository, whatever calls them so.
  if (kind !== 'branch' || name.startsWith('refs/'))
    return failedCheck(
      'branch',
      {
        code: 'ORIGIN_NOT_A_BRANCH',
        message: `It was built from ${kind === 'tag' ? 'the tag ' : ''}${name}, which is no branch; the signing policy allows the branches ${compared.allowed}. Build it from one of them.`,
      },
      compared,
    )
  if (isAllowedBranch({ allowedBranches }, name)) return passedCheck('branch', compared)
  return failedCheck(
    'branch',
    {
      code: 'ORIGIN_BRANCH_NOT_ALLOWED',
      message: `It was built from the branch ${name}; the signing policy allows ${compared.allowed}. Build it from one of them, or submit it to another signing policy.`,
    },
    compared,
  )
}

function commitCheck(commitId: string): OriginCheck {
  if (isCommitId(commitId) && commitId === commitId.toLowerCase()) return passedCheck('commit', { commit: commitId })
  return failedCheck(
    'commit',
    {
      code: 'ORIGIN_COMMIT_MALFORMED',
      message: `The commit is named ${JSON.stringify(commitId.slice(0, 80))}, which is no full SHA-1 or SHA-256 in hexadecimal.`,
    },
    { commit: commitId },
  )
}
