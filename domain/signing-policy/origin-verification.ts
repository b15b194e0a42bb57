import { matchesGlob, parseGlob } from '../glob.ts'
import { Refusal } from '../refusal.ts'
import { checkedSourceSummary, type SourceSummaryRule } from './source-summary.ts'

/** What a policy demands of where its artifacts come from, besides that their repository is the project's. */
export type OriginVerification = {
  /** Globs such as `main` and `release/*`: the branch that was built must match one of them. */
  readonly allowedBranches: readonly string[]
  /** Left out where no verification summary of the source revision is demanded. Events with it are of a form of their own. */
  readonly sourceSummary?: SourceSummaryRule
}

/** So many globs a policy may have: each submission copies them. */
const mostBranches = 50

/** What the verification of origins rests on, in a policy and its project. */
export type OriginVerificationContext = {
  readonly originVerification: OriginVerification
  readonly trustedBuildSystemRequired?: true
  readonly hashSigningAllowed?: true
  /** The project's. */
  readonly repositoryUrl: string | null
}

/**
 * The verification of origins as a policy may have it.
 *
 * @throws Refusal `ORIGIN_VERIFICATION_NEEDS_BUILD_SYSTEM`, `ORIGIN_VERIFICATION_WITH_HASHES`, `ORIGIN_BRANCHES_INVALID`,
 *   `GLOB_MALFORMED`, `PROJECT_REPOSITORY_NEEDED`, `SOURCE_SUMMARY_RULE_INVALID`
 */
export function checkedOriginVerification(context: OriginVerificationContext): OriginVerification {
  const { originVerification, trustedBuildSystemRequired, hashSigningAllowed, repositoryUrl } = context
  if (trustedBuildSystemRequired !== true)
    throw new Refusal(
      'ORIGIN_VERIFICATION_NEEDS_BUILD_SYSTEM',
      'A policy that verifies origins must demand a trusted build system (trustedBuildSystemRequired), since only such a one can say where an artifact comes from.',
    )
  if (hashSigningAllowed === true)
    throw new Refusal(
      'ORIGIN_VERIFICATION_WITH_HASHES',
      'A policy that verifies origins must not allow hash signing: nobody can say of a hash which build made what it is of.',
    )
  const { allowedBranches, sourceSummary } = originVerification
  const branches = allowedBranches.map((glob) => parseGlob(glob, 'An allowed branch'))
  if (branches.length < 1 || branches.length > mostBranches || new Set(branches).size !== branches.length)
    throw new Refusal(
      'ORIGIN_BRANCHES_INVALID',
      `A policy that verifies origins allows 1 to ${mostBranches} branches (globs such as main or release/*), none twice; got ${branches.length}.`,
      { allowedBranches: branches.length, limit: mostBranches },
    )
  const prefixed = branches.find((glob) => glob.startsWith('refs/'))
  if (prefixed !== undefined)
    throw new Refusal(
      'ORIGIN_BRANCHES_INVALID',
      `Branches are named without refs/heads/, such as main; got ${JSON.stringify(prefixed)}.`,
    )
  const summary = sourceSummary && checkedSourceSummary(sourceSummary)
  requireRepository(repositoryUrl)
  return { allowedBranches: branches, ...(summary && { sourceSummary: summary }) }
}

/**
 * The address of a project's repository, where a policy holds origins against it.
 *
 * @throws Refusal `PROJECT_REPOSITORY_NEEDED`
 */
export function requireRepository(repositoryUrl: string | null): string {
  if (repositoryUrl === null)
    throw new Refusal(
      'PROJECT_REPOSITORY_NEEDED',
      "The signing policy verifies origins, and the project has no repository URL to hold them against. A project administrator sets it: the project's repositoryUrl.",
    )
  return repositoryUrl
}

/** @throws Refusal `ORIGIN_BRANCH_NOT_ALLOWED` */
export function requireAllowedBranch(verification: OriginVerification, branch: string): void {
  if (!isAllowedBranch(verification, branch))
    throw new Refusal(
      'ORIGIN_BRANCH_NOT_ALLOWED',
      `The signing policy allows the branches ${verification.allowedBranches.join(', ')}, and not ${branch.slice(0, 200)}.`,
    )
}

/** Whether a branch is one of those that a policy allows. */
export function isAllowedBranch({ allowedBranches }: OriginVerification, branch: string): boolean {
  const name = branch.normalize('NFC')
  return allowedBranches.some((glob) => matchesGlob(glob, name))
}
