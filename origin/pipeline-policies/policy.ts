import type { Instant } from '../../domain/event.ts'
import type { Position } from './node.ts'

/** A group of runners, or a pool of agents, that jobs may run in: by its id where that is said, else by its name. */
export type AllowedGroup = { readonly id: string | null; readonly name: string | null }

/** What is demanded of where and how often jobs ran. */
export type RunnerDemands = {
  /** A build whose jobs, or some of them, ran again is refused. */
  readonly disallowReruns: boolean
  /** All jobs ran on machines of the system's host. */
  readonly requireHosted: boolean
  /** All jobs ran in these groups; `null`: in any. */
  readonly allowedGroups: readonly AllowedGroup[] | null
}

/** What a parameter of a rule must be. */
export type ParameterDemand =
  | { readonly compare: 'equal'; readonly value: boolean }
  | { readonly compare: 'atLeast'; readonly value: number }
  | { readonly compare: 'atMost'; readonly value: number }
  | { readonly compare: 'allOf'; readonly value: readonly string[] }
  | { readonly compare: 'tools'; readonly value: readonly ScanningTool[] }

/** A code scanning tool that must have results, with the thresholds that are demanded. */
export type ScanningTool = {
  /** One of these. */
  readonly tools: readonly string[]
  readonly alertsThreshold: AlertsThreshold | null
  readonly securityAlertsThreshold: SecurityAlertsThreshold | null
}

/** From which alerts on a branch is closed; each stands for more than the ones before. */
export const alertsThresholds = ['none', 'errors', 'errors_and_warnings', 'all'] as const
export type AlertsThreshold = (typeof alertsThresholds)[number]

/** As {@link alertsThresholds}, of alerts about security. */
export const securityAlertsThresholds = ['none', 'critical', 'high_or_higher', 'medium_or_higher', 'all'] as const
export type SecurityAlertsThreshold = (typeof securityAlertsThresholds)[number]

/** A rule that a ruleset must have. */
export type DemandedRule = {
  readonly at: Position
  /** By GitHub's name. */
  readonly type: string
  readonly parameters: Readonly<Record<string, ParameterDemand>>
}

/** Since when a rule must have been in force. */
export type EnforcedFrom =
  | { readonly since: 'currentBuild' | 'earliest' }
  | { readonly since: 'moment'; readonly moment: Instant }

/** Rules that branch rulesets must have. */
export type RulesetConstraint = {
  readonly at: Position
  readonly enforcedFrom: EnforcedFrom
  readonly allowBypassActors: boolean
  readonly rules: readonly DemandedRule[]
}

/** What is demanded of a build of Azure DevOps. */
export type AzureDevOpsDemands = RunnerDemands & {
  /** Templates that the pipeline must extend, as `repository/path` or `path`; `null`: none is demanded. */
  readonly requiredTemplates: readonly string[] | null
}

/** What is demanded of a pipeline of GitLab. */
export type GitLabBuildDemands = RunnerDemands & {
  readonly requireProtectedRef: boolean
  /** By GitLab's names; `null`: any that the connector takes. */
  readonly allowedPipelineSources: readonly string[] | null
}

/** Settings of a GitLab project that must be at least as strict as these; what is left out is not looked at. */
export type GitLabScmDemands = {
  readonly [Section in GitLabSection]: Readonly<Record<string, GitLabSetting>> | null
}

/** The parts of a GitLab project's settings that policies know. */
export type GitLabSection = 'protectedBranch' | 'approvals' | 'pushRules'

/** What a setting of GitLab must be. */
export type GitLabSetting =
  | { readonly compare: 'equal'; readonly value: boolean }
  | { readonly compare: 'atLeast' | 'atMost'; readonly value: number }

/** A pipeline policy, of whichever form it was written in. */
export type PipelinePolicy = {
  /** `earlier`: the root `github-policies`, as of April 2026. */
  readonly form: 'current' | 'earlier'
  readonly gitHubBuild: RunnerDemands | null
  readonly gitHubScm: readonly RulesetConstraint[] | null
  readonly azureDevOpsBuild: AzureDevOpsDemands | null
  readonly gitLabBuild: GitLabBuildDemands | null
  readonly gitLabScm: GitLabScmDemands | null
}
