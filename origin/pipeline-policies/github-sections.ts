import { listed, readBoolean, readFields, readList, readMoment, readText, requireVersion } from './fields.ts'
import { earlierRules, readEarlierRule, readRule } from './github-rules.ts'
import { malformed, type PolicyNode } from './node.ts'
import type { AllowedGroup, DemandedRule, EnforcedFrom, RulesetConstraint, RunnerDemands } from './policy.ts'

/** Reads `github-build-policies`. */
export function readGitHubBuild(node: PolicyNode): RunnerDemands {
  const fields = readFields(node, ['version', 'disallow_reruns', 'runners'], 'github-build-policies')
  requireVersion(fields('version'), 'github-build-policies')
  return {
    disallowReruns: optionalBoolean(fields('disallow_reruns'), 'disallow_reruns'),
    ...readRunners(fields('runners')),
  }
}

/** Reads `github-scm-policies`. */
export function readGitHubScm(node: PolicyNode): RulesetConstraint[] {
  const fields = readFields(node, ['version', 'ruleset_constraints'], 'github-scm-policies')
  requireVersion(fields('version'), 'github-scm-policies')
  const constraints = fields('ruleset_constraints')
  if (constraints === undefined) throw malformed(node.at, 'github-scm-policies must have `ruleset_constraints`.')
  return readList(
    constraints,
    (constraint) => {
      const parts = readFields(constraint, ['enforced_from', 'allow_bypass_actors', 'rules'], 'a ruleset constraint')
      const rules = parts('rules')
      if (rules === undefined) throw malformed(constraint.at, 'a ruleset constraint must have `rules`.')
      return {
        at: constraint.at,
        enforcedFrom: readEnforcedFrom(parts('enforced_from')),
        allowBypassActors: optionalBoolean(parts('allow_bypass_actors'), 'allow_bypass_actors'),
        rules: readList(rules, readRule, 'rules'),
      }
    },
    'ruleset_constraints',
  )
}

/** What `github-policies` demands: the form before. */
export type EarlierDemands = { readonly build: RunnerDemands | null; readonly scm: readonly RulesetConstraint[] | null }

/** Reads `github-policies`. */
export function readEarlierGitHub(node: PolicyNode): EarlierDemands {
  const fields = readFields(node, ['version', 'runners', 'build', 'branch_rulesets'], 'github-policies')
  requireVersion(fields('version'), 'github-policies')
  const [runners, build, rulesets] = [fields('runners'), fields('build'), fields('branch_rulesets')]
  const buildFields = build && readFields(build, ['disallow_reruns'], 'build')
  return {
    build:
      runners === undefined && build === undefined
        ? null
        : {
            disallowReruns: optionalBoolean(buildFields?.('disallow_reruns'), 'disallow_reruns'),
            ...readRunners(runners, false),
          },
    scm: rulesets === undefined ? null : readList(rulesets, readEarlierRuleset, 'branch_rulesets'),
  }
}

function readEarlierRuleset(node: PolicyNode): RulesetConstraint {
  const outer = readFields(node, ['condition', 'enforced_from', 'allow_bypass_actors'], 'a branch ruleset')
  const condition = outer('condition')
  if (condition === undefined) throw malformed(node.at, 'a branch ruleset must have a `condition`.')
  const inner = readFields(condition, ['rules', 'enforced_from', 'allow_bypass_actors'], 'a condition')
  const rules = inner('rules')
  if (rules === undefined) throw malformed(condition.at, 'a condition must have `rules`.')
  /** The two stand in the condition or beside it. */
  const either = (key: string) => {
    const [within, beside] = [inner(key), outer(key)]
    if (within !== undefined && beside !== undefined)
      throw malformed(beside.at, `${key} stands in the condition and beside it. Leave one of them out.`)
    return within ?? beside
  }
  return {
    at: node.at,
    enforcedFrom: readEnforcedFrom(either('enforced_from')),
    allowBypassActors: optionalBoolean(either('allow_bypass_actors'), 'allow_bypass_actors'),
    rules: readEarlierRules(rules),
  }
}

/** A list of names, of mappings with a name each, or one mapping of them all. */
function readEarlierRules(node: PolicyNode): DemandedRule[] {
  const ofMapping = (mapping: PolicyNode): DemandedRule[] => {
    if (mapping.kind !== 'mapping' || mapping.entries.size === 0)
      throw malformed(mapping.at, `a rule must be one of ${listed(Object.keys(earlierRules))}.`)
    return [...mapping.entries].map(([name, { keyAt, value }]) => readEarlierRule(name, keyAt, value))
  }
  if (node.kind !== 'list') return ofMapping(node)
  return readList(
    node,
    (item) =>
      item.kind === 'scalar'
        ? [readEarlierRule(readText(item, 'a rule'), item.at, { kind: 'scalar', at: item.at, value: true, source: '' })]
        : ofMapping(item),
    'rules',
  ).flat()
}

/** @param isCurrent whether the other way of writing `require_github_hosted` is one of this form */
function readRunners(node: PolicyNode | undefined, isCurrent = true): Omit<RunnerDemands, 'disallowReruns'> {
  if (node === undefined) return { requireHosted: false, allowedGroups: null }
  const other = isCurrent ? ['required_github_hosted'] : []
  const fields = readFields(node, ['require_github_hosted', ...other, 'allowed_groups'], 'runners')
  const [hosted, alsoHosted] = [fields('require_github_hosted'), fields('required_github_hosted')]
  if (hosted !== undefined && alsoHosted !== undefined)
    throw malformed(
      alsoHosted.at,
      'require_github_hosted and required_github_hosted mean the same. Leave one of them out.',
    )
  const groups = fields('allowed_groups')
  return {
    requireHosted: optionalBoolean(hosted ?? alsoHosted, 'require_github_hosted'),
    allowedGroups: groups === undefined ? null : readGroups(groups, 'allowed_groups'),
  }
}

/** Groups or pools: names, or mappings with the id that decides and a name for people. */
export function readGroups(node: PolicyNode, what: string): AllowedGroup[] {
  return readList(
    node,
    (item) => {
      if (item.kind !== 'mapping') return { id: null, name: readText(item, `an entry of ${what}`) }
      const fields = readFields(item, ['id', 'name'], `an entry of ${what}`)
      const [id, name] = [fields('id'), fields('name')]
      if (id?.kind !== 'scalar' || !/^\d{1,19}$/.test(id.source))
        throw malformed((id ?? item).at, `an entry of ${what} that is no name must have an \`id\`, a whole number.`)
      return { id: id.source, name: name === undefined ? null : readText(name, 'name') }
    },
    what,
  )
}

function readEnforcedFrom(node: PolicyNode | undefined): EnforcedFrom {
  const text = node?.kind === 'scalar' ? node.value : undefined
  if (node === undefined || text === 'CURRENT_BUILD') return { since: 'currentBuild' }
  if (text === 'EARLIEST') return { since: 'earliest' }
  return { since: 'moment', moment: readMoment(node, 'enforced_from') }
}

/** `false` where it is left out. */
export function optionalBoolean(node: PolicyNode | undefined, what: string): boolean {
  return node === undefined ? false : readBoolean(node, what)
}
