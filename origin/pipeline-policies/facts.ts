import type { Instant } from '../../domain/event.ts'

/** A job of a build, as its build system answers for it. */
export type JobFacts = {
  readonly id: string
  readonly name: string
  /** Of which attempt of the build it is; 1 for the first. */
  readonly attempt: number
  /** Whether it has done something. A job that was skipped, or has not begun, has not. */
  readonly hasSteps: boolean
  /** Where it ran: the group of runners, or the pool of agents. */
  readonly group: { readonly id: string | null; readonly name: string | null }
  /** The machine. */
  readonly runner: { readonly id: string | null; readonly name: string | null }
  /** Whether the machine is one of the system's host; `null` where nothing but labels or names would say so. */
  readonly isHosted: boolean | null
}

/** What is known of how a build ran. */
export type BuildFacts = {
  /** How often the build, or parts of it, ran. */
  readonly attempts: number
  /** Those of every attempt. */
  readonly jobs: readonly JobFacts[]
  /** Groups that are known to be of the system's host alone: an allowed name that one of them has stands for its id. */
  readonly hostedGroups: readonly { readonly id: string; readonly name: string }[]
}

/** Who may bypass a ruleset. */
export type BypassActor = { readonly type: string; readonly id: string | null; readonly mode: string }

/** A ruleset that holds for the branch, of the repository, its organization or its enterprise. */
export type RulesetFacts = {
  readonly id: string
  readonly name: string
  /** Whose it is, such as `Repository example/program`. */
  readonly source: string
  /** `branch`, `tag` or `push`. */
  readonly target: string
  /** `active`, `evaluate` or `disabled`. */
  readonly enforcement: string
  /** `null` where the system does not say: there may be any. */
  readonly bypassActors: readonly BypassActor[] | null
  readonly createdAt: Instant | null
  readonly updatedAt: Instant | null
  readonly rules: readonly { readonly type: string; readonly parameters: Readonly<Record<string, unknown>> }[]
}

/** What an audit log says of a ruleset. */
export type RulesetChange = {
  readonly rulesetId: string
  readonly at: Instant
  /** `unknown`: an action, or a form of it, that nobody knows here. It may have changed anything. */
  readonly action: 'updated' | 'unknown'
  /** Whether enforcement changed, from whatever to whatever. */
  readonly changedEnforcement: boolean
  /** Whether the branches changed for which it holds. */
  readonly changedConditions: boolean
  readonly changedBypassActors: boolean
  /** Types of rules that it got or lost. */
  readonly addedOrDeleted: readonly string[]
  /** Rules whose parameters changed, with what they were; `null` where the log does not say. */
  readonly updated: readonly { readonly type: string; readonly before: Readonly<Record<string, unknown>> | null }[]
}

/** How it is known since when a ruleset is as it is. */
export type RulesetHistory =
  /** By all changes since `from`. */
  | { readonly kind: 'auditLog'; readonly from: Instant; readonly changes: readonly RulesetChange[] }
  /** By when it was last changed, in whatever way. */
  | { readonly kind: 'lastModified' }

/** What is known of the rules for a branch of GitHub. */
export type GitHubScmFacts = {
  readonly branch: string
  readonly rulesets: readonly RulesetFacts[]
  readonly history: RulesetHistory
}

/** What is known of a build of Azure DevOps besides its jobs. */
export type AzureDevOpsFacts = BuildFacts & {
  /** Templates that the pipeline extends, as `repository/path` or `path`. */
  readonly templates: readonly string[]
}

/** What is known of a pipeline of GitLab besides its jobs. */
export type GitLabBuildFacts = BuildFacts & {
  /** `null` where GitLab does not say. */
  readonly isRefProtected: boolean | null
  readonly pipelineSource: string | null
}

/**
 * What is known of a GitLab project's settings, by the names of its REST API; `null` where it has none of the part. Of access
 * levels the lowest that may do it; 60 stands for nobody, where GitLab says 0.
 */
export type GitLabScmFacts = {
  readonly protectedBranch: Readonly<Record<string, unknown>> | null
  readonly approvals: Readonly<Record<string, unknown>> | null
  readonly pushRules: Readonly<Record<string, unknown>> | null
}

/** What is known of a build and its source. `missing` says why facts are not there, such as a permission that lacks. */
export type PolicyFacts = {
  readonly gitHubBuild?: BuildFacts
  readonly gitHubScm?: GitHubScmFacts
  readonly azureDevOpsBuild?: AzureDevOpsFacts
  readonly gitLabBuild?: GitLabBuildFacts
  readonly gitLabScm?: GitLabScmFacts
  readonly missing?: string
}
