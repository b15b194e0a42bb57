import {
  listed,
  quoted,
  readBoolean,
  readChoice,
  readFields,
  readInteger,
  readList,
  readText,
  readTexts,
} from './fields.ts'
import { malformed, type PolicyNode, refusedAt } from './node.ts'
import {
  alertsThresholds,
  type DemandedRule,
  type ParameterDemand,
  type ScanningTool,
  securityAlertsThresholds,
} from './policy.ts'

/** How a parameter of a rule is compared with the same of a ruleset. */
type Comparison = ParameterDemand['compare']

/** The rules that policies know, by the names of GitHub's REST API, with their parameters. */
export const gitHubRules: Readonly<Record<string, Readonly<Record<string, Comparison>>>> = {
  creation: {},
  update: {},
  deletion: {},
  required_linear_history: {},
  required_signatures: {},
  non_fast_forward: {},
  pull_request: {
    required_approving_review_count: 'atLeast',
    dismiss_stale_reviews_on_push: 'equal',
    require_code_owner_review: 'equal',
    require_last_push_approval: 'equal',
    required_review_thread_resolution: 'equal',
  },
  code_scanning: { code_scanning_tools: 'tools' },
  file_path_restriction: { restricted_file_paths: 'allOf' },
  file_extension_restriction: { restricted_file_extensions: 'allOf' },
  max_file_path_length: { max_file_path_length: 'atMost' },
  max_file_size: { max_file_size: 'atMost' },
  copilot_code_review: { review_draft_pull_requests: 'equal', review_on_push: 'equal' },
}

/** Rules that GitHub has in push rulesets, which hold for every branch of the repository. */
export const pushRules: ReadonlySet<string> = new Set([
  'file_path_restriction',
  'file_extension_restriction',
  'max_file_path_length',
  'max_file_size',
])

/** The rules as they were named before, and what they are now. */
export const earlierRules: Readonly<Record<string, string>> = {
  restrict_creations: 'creation',
  restrict_updates: 'update',
  restrict_deletions: 'deletion',
  require_linear_history: 'required_linear_history',
  block_force_pushes: 'non_fast_forward',
  require_pull_request: 'pull_request',
  require_code_scanning: 'code_scanning',
}

/** The parameters as they were named before, by rule, and what they are now. */
const earlierParameters: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pull_request: { min_required_approvals: 'required_approving_review_count' },
  code_scanning: { tools: 'code_scanning_tools' },
}

/**
 * Reads a rule as GitHub exports it: `type` and `parameters`.
 *
 * @throws Refusal `PIPELINE_POLICY_RULE_UNKNOWN`, `PIPELINE_POLICY_PARAMETER_UNKNOWN`, `PIPELINE_POLICY_MALFORMED`
 */
export function readRule(node: PolicyNode): DemandedRule {
  const fields = readFields(node, ['type', 'parameters'], 'a rule')
  const type = fields('type')
  if (type === undefined) throw malformed(node.at, 'a rule must have a `type`.')
  const name = readText(type, 'the type of a rule')
  const known = Object.hasOwn(gitHubRules, name) ? gitHubRules[name] : undefined
  if (known === undefined)
    throw refusedAt(
      'PIPELINE_POLICY_RULE_UNKNOWN',
      type.at,
      `there is no rule ${quoted(name)}. Possible are ${listed(Object.keys(gitHubRules))}.`,
    )
  const given = fields('parameters')
  const parameters = given === undefined ? {} : readParameters(given, name, identity(known), 'current')
  return { at: node.at, type: name, parameters }
}

/**
 * Reads a rule as it was written before: its name, alone or with `true` or its parameters.
 *
 * @throws Refusal as {@link readRule}
 */
export function readEarlierRule(name: string, keyAt: PolicyNode['at'], value: PolicyNode): DemandedRule {
  const type = Object.hasOwn(earlierRules, name) ? earlierRules[name] : undefined
  if (type === undefined)
    throw refusedAt(
      'PIPELINE_POLICY_RULE_UNKNOWN',
      keyAt,
      `there is no rule ${quoted(name)}. Possible are ${listed(Object.keys(earlierRules))}.`,
    )
  if (value.kind === 'scalar' && (value.value === null || value.value === true))
    return { at: keyAt, type, parameters: {} }
  if (value.kind === 'scalar') throw malformed(value.at, `${name} must be true, or a mapping with its parameters.`)
  const renamed = earlierParameters[type] ?? {}
  const now = Object.values(renamed)
  const names = { ...identity(gitHubRules[type] ?? {}), ...renamed }
  for (const replaced of now) delete names[replaced]
  return { at: keyAt, type, parameters: readParameters(value, type, names, 'earlier') }
}

/** @param names the parameters as they are written, and as GitHub names them */
function readParameters(
  node: PolicyNode,
  type: string,
  names: Readonly<Record<string, string>>,
  form: 'current' | 'earlier',
): Record<string, ParameterDemand> {
  if (node.kind !== 'mapping') throw malformed(node.at, `the parameters of ${type} must be a mapping.`)
  const parameters: Record<string, ParameterDemand> = {}
  for (const [written, { keyAt, value }] of node.entries) {
    const name = Object.hasOwn(names, written) ? names[written] : undefined
    const compare = name === undefined ? undefined : gitHubRules[type]?.[name]
    if (name === undefined || compare === undefined)
      throw refusedAt(
        'PIPELINE_POLICY_PARAMETER_UNKNOWN',
        keyAt,
        `the rule ${type} has no parameter ${quoted(written)}.${Object.keys(names).length > 0 ? ` Possible are ${listed(Object.keys(names))}.` : ' It has none.'}`,
      )
    parameters[name] = readDemand(value, compare, written, form)
  }
  return parameters
}

function readDemand(
  value: PolicyNode,
  compare: Comparison,
  what: string,
  form: 'current' | 'earlier',
): ParameterDemand {
  if (compare === 'equal') return { compare, value: readBoolean(value, what) }
  if (compare === 'atLeast' || compare === 'atMost') return { compare, value: readInteger(value, what) }
  if (compare === 'allOf') return { compare, value: readTexts(value, what) }
  const prefix = form === 'earlier' ? 'min_' : ''
  return { compare, value: readList(value, (tool) => readTool(tool, prefix), what) }
}

function readTool(node: PolicyNode, prefix: '' | 'min_'): ScanningTool {
  const [alerts, security] = [`${prefix}alerts_threshold`, `${prefix}security_alerts_threshold`] as const
  const fields = requireParameters(node, ['tool', alerts, security])
  const tool = fields('tool')
  if (tool === undefined) throw malformed(node.at, 'a code scanning tool must have a `tool`: its name.')
  const alertsNode = fields(alerts)
  const securityNode = fields(security)
  return {
    tools: tool.kind === 'list' ? readTexts(tool, 'tool') : [readText(tool, 'tool')],
    alertsThreshold: alertsNode === undefined ? null : readChoice(alertsNode, alertsThresholds, alerts),
    securityAlertsThreshold:
      securityNode === undefined ? null : readChoice(securityNode, securityAlertsThresholds, security),
  }
}

/** As `readFields`, for what are parameters of a rule. */
function requireParameters(node: PolicyNode, keys: readonly string[]) {
  if (node.kind !== 'mapping') throw malformed(node.at, `a code scanning tool must be a mapping with ${listed(keys)}.`)
  for (const [key, { keyAt }] of node.entries)
    if (!keys.includes(key))
      throw refusedAt(
        'PIPELINE_POLICY_PARAMETER_UNKNOWN',
        keyAt,
        `a code scanning tool has no parameter ${quoted(key)}. Possible are ${listed(keys)}.`,
      )
  return (key: string) => node.entries.get(key)?.value
}

function identity(names: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, name]))
}
