import type { Instant } from '../../domain/event.ts'
import { weakerParameters } from './compare-rule.ts'
import type { GitHubScmFacts, RulesetChange, RulesetFacts, RulesetHistory } from './facts.ts'
import { type Finding, some } from './findings.ts'
import { pushRules } from './github-rules.ts'
import type { DemandedRule, EnforcedFrom, RulesetConstraint } from './policy.ts'

/** How far back GitHub's audit log reaches, and with it `EARLIEST`, in milliseconds. */
const auditedMs = 180 * 24 * 3_600_000

/**
 * Judges the rulesets of a branch: each rule of each constraint must be that of one active ruleset at least, with parameters as
 * strict or stricter, without bypass actors where the constraint allows none, and in force since the moment that it names.
 */
export function judgeRulesets(
  constraints: readonly RulesetConstraint[],
  facts: GitHubScmFacts,
  now: Instant,
): Finding[] {
  return constraints.flatMap((constraint) => constraint.rules.map((rule) => judgeRule(rule, constraint, facts, now)))
}

function judgeRule(rule: DemandedRule, constraint: RulesetConstraint, facts: GitHubScmFacts, now: Instant): Finding {
  const since = momentOf(constraint.enforcedFrom, now)
  const tried = facts.rulesets.map((ruleset) => ({
    ruleset,
    fault: faultOf(ruleset, rule, constraint) ?? tooLate(ruleset, rule, constraint, facts.history, since),
  }))
  const met = tried.find(({ fault }) => fault === null)?.ruleset
  const related = tried.filter(({ ruleset }) => ruleset.rules.some(({ type }) => type === rule.type))
  const reasons = related.map(({ ruleset, fault }) => `${rulesetText(ruleset)}: ${fault?.reason ?? ''}`)
  return {
    name: 'pipelinePolicyRule',
    inputs: {
      rule: rule.type,
      parameters: Object.keys(rule.parameters).length === 0 ? null : demandsText(rule),
      enforcedFrom: since ?? 'CURRENT_BUILD',
      allowBypassActors: String(constraint.allowBypassActors),
      branch: facts.branch,
      ruleset: met === undefined ? null : rulesetText(met),
      rulesetsTried: reasons.length === 0 ? null : some(reasons),
    },
    fault: met === undefined ? unmet(rule, constraint, facts, since, related, reasons) : null,
  }
}

function unmet(
  rule: DemandedRule,
  { at }: RulesetConstraint,
  { branch }: GitHubScmFacts,
  since: Instant | null,
  related: readonly { readonly fault: Fault | null }[],
  reasons: readonly string[],
): NonNullable<Finding['fault']> {
  const where = `The rule ${rule.type} of the constraint in line ${at.line}`
  if (related.some(({ fault }) => fault?.isLate === true))
    return {
      code: 'PIPELINE_POLICY_RULE_TOO_RECENT',
      message: `${where} is in force for the branch ${branch}, but not for certain without a break since ${since}: ${some(reasons)}.`,
    }
  return {
    code: 'PIPELINE_POLICY_RULE_UNMET',
    message:
      reasons.length === 0
        ? `${where} is in no active ruleset for the branch ${branch}. Add it to one.`
        : `${where} is in no ruleset for the branch ${branch} that is as strict: ${some(reasons)}.`,
  }
}

/** Why a ruleset does not have a rule as a constraint demands it. */
type Fault = { readonly reason: string; readonly isLate: boolean }

function faultOf(ruleset: RulesetFacts, rule: DemandedRule, { allowBypassActors }: RulesetConstraint): Fault | null {
  const fault = (reason: string): Fault => ({ reason, isLate: false })
  const { target, enforcement, bypassActors } = ruleset
  const ofType = ruleset.rules.filter(({ type }) => type === rule.type)
  if (ofType.length === 0) return fault('does not have the rule')
  if (target !== 'branch' && !(target === 'push' && pushRules.has(rule.type)))
    return fault(`is a ruleset for ${target === '' ? 'unknown targets' : `${target} targets`}, not for branches`)
  if (enforcement !== 'active') return fault(`is ${enforcement}, not active`)
  const weaker = ofType.map(({ parameters }) => weakerParameters(rule.parameters, parameters))
  const least = weaker.toSorted((one, other) => one.length - other.length)[0] ?? []
  if (least.length > 0) return fault(`does not have ${least.join(', ')} as demanded`)
  if (allowBypassActors) return null
  if (bypassActors === null) return fault('does not say who may bypass it to the token that was used')
  if (bypassActors.length === 0) return null
  const actors = bypassActors.map(({ type, id, mode }) => `${type}${id === null ? '' : ` ${id}`} (${mode})`)
  return fault(`may be bypassed by ${some(actors)}`)
}

function tooLate(
  ruleset: RulesetFacts,
  rule: DemandedRule,
  constraint: RulesetConstraint,
  history: RulesetHistory,
  since: Instant | null,
): Fault | null {
  if (since === null) return null
  const late = (reason: string): Fault => ({ reason, isLate: true })
  if (history.kind === 'lastModified') {
    if (ruleset.updatedAt !== null && ruleset.updatedAt <= since) return null
    return late(`was last changed at ${ruleset.updatedAt ?? 'a moment that is not known'}`)
  }
  if (ruleset.createdAt === null || ruleset.createdAt > since)
    return late(`was made at ${ruleset.createdAt ?? 'a moment that is not known'}`)
  const broken = history.changes.find(
    (change) => change.rulesetId === ruleset.id && change.at >= since && mayInterrupt(change, rule, constraint),
  )
  return broken === undefined
    ? null
    : late(`was changed at ${broken.at} so that the rule was not in force before or after`)
}

/** Whether the rule was weaker, or may have been, before or after a change of a ruleset that has it now. */
function mayInterrupt(change: RulesetChange, rule: DemandedRule, { allowBypassActors }: RulesetConstraint): boolean {
  if (change.action === 'unknown' || change.changedEnforcement || change.changedConditions) return true
  if (change.changedBypassActors && !allowBypassActors) return true
  if (change.addedOrDeleted.includes(rule.type)) return true
  return change.updated.some(
    ({ type, before }) =>
      type === rule.type && (before === null || weakerParameters(rule.parameters, before).length > 0),
  )
}

function momentOf(from: EnforcedFrom, now: Instant): Instant | null {
  if (from.since === 'currentBuild') return null
  return from.since === 'moment' ? from.moment : new Date(Date.parse(now) - auditedMs).toISOString()
}

function rulesetText({ name, id, source }: RulesetFacts): string {
  return `ruleset "${name}" [id ${id}] of ${source}`
}

function demandsText({ parameters }: DemandedRule): string {
  return Object.entries(parameters)
    .map(([name, { compare, value }]) => `${name} ${compare} ${JSON.stringify(value)}`)
    .join('; ')
}
