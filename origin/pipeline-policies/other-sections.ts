import { listed, quoted, readBoolean, readFields, readInteger, readTexts, requireVersion } from './fields.ts'
import { optionalBoolean, readGroups } from './github-sections.ts'
import { malformed, type PolicyNode, refusedAt } from './node.ts'
import type {
  AzureDevOpsDemands,
  GitLabBuildDemands,
  GitLabScmDemands,
  GitLabSection,
  GitLabSetting,
  RunnerDemands,
} from './policy.ts'

/** Reads `azure-devops-build-policies`. */
export function readAzureDevOpsBuild(node: PolicyNode): AzureDevOpsDemands {
  const what = 'azure-devops-build-policies'
  const fields = readFields(node, ['version', 'disallow_reruns', 'pools', 'required_templates'], what)
  requireVersion(fields('version'), what)
  const templates = fields('required_templates')
  return {
    ...readDemands(fields, 'pools', 'require_microsoft_hosted', 'allowed_pools'),
    requiredTemplates: templates === undefined ? null : readTexts(templates, 'required_templates'),
  }
}

/** Reads `gitlab-build-policies`. */
export function readGitLabBuild(node: PolicyNode): GitLabBuildDemands {
  const what = 'gitlab-build-policies'
  const keys = ['version', 'disallow_reruns', 'runners', 'require_protected_ref', 'allowed_pipeline_sources']
  const fields = readFields(node, keys, what)
  requireVersion(fields('version'), what)
  const sources = fields('allowed_pipeline_sources')
  return {
    ...readDemands(fields, 'runners', 'require_gitlab_hosted', 'allowed_runners'),
    requireProtectedRef: optionalBoolean(fields('require_protected_ref'), 'require_protected_ref'),
    allowedPipelineSources: sources === undefined ? null : readTexts(sources, 'allowed_pipeline_sources'),
  }
}

function readDemands(
  fields: (key: string) => PolicyNode | undefined,
  part: string,
  hostedKey: string,
  groupsKey: string,
): RunnerDemands {
  const runners = fields(part)
  const inner = runners && readFields(runners, [hostedKey, groupsKey], part)
  const groups = inner?.(groupsKey)
  return {
    disallowReruns: optionalBoolean(fields('disallow_reruns'), 'disallow_reruns'),
    requireHosted: optionalBoolean(inner?.(hostedKey), hostedKey),
    allowedGroups: groups === undefined ? null : readGroups(groups, groupsKey),
  }
}

/**
 * Settings of a GitLab project by the names of its REST API: of the protected branch, of merge request approvals and of push
 * rules. Access levels are compared as the numbers that GitLab has for them (30 developers, 40 maintainers), and 60 where nobody may.
 */
const gitLabSettings: Readonly<
  Record<GitLabSection, { readonly key: string; readonly settings: Readonly<Record<string, GitLabSetting['compare']>> }>
> = {
  protectedBranch: {
    key: 'protected_branch',
    settings: {
      allow_force_push: 'equal',
      code_owner_approval_required: 'equal',
      push_access_level: 'atLeast',
      merge_access_level: 'atLeast',
    },
  },
  approvals: {
    key: 'approvals',
    settings: {
      approvals_required: 'atLeast',
      reset_approvals_on_push: 'equal',
      merge_requests_author_approval: 'equal',
      merge_requests_disable_committers_approval: 'equal',
      disable_overriding_approvers_per_merge_request: 'equal',
    },
  },
  pushRules: {
    key: 'push_rules',
    settings: {
      reject_unsigned_commits: 'equal',
      commit_committer_check: 'equal',
      member_check: 'equal',
      prevent_secrets: 'equal',
      deny_delete_tag: 'equal',
      max_file_size: 'atMost',
    },
  },
}

/** Reads `gitlab-scm-policies`. */
export function readGitLabScm(node: PolicyNode): GitLabScmDemands {
  const what = 'gitlab-scm-policies'
  const fields = readFields(node, ['version', ...Object.values(gitLabSettings).map(({ key }) => key)], what)
  requireVersion(fields('version'), what)
  const section = (name: GitLabSection) => {
    const given = fields(gitLabSettings[name].key)
    return given === undefined ? null : readSettings(given, name)
  }
  const demands = {
    protectedBranch: section('protectedBranch'),
    approvals: section('approvals'),
    pushRules: section('pushRules'),
  }
  if (Object.values(demands).some((demanded) => demanded !== null)) return demands
  throw malformed(node.at, `${what} must have one at least of \`protected_branch\`, \`approvals\`, \`push_rules\`.`)
}

function readSettings(node: PolicyNode, section: GitLabSection): Record<string, GitLabSetting> {
  const { key, settings } = gitLabSettings[section]
  if (node.kind !== 'mapping' || node.entries.size === 0)
    throw malformed(node.at, `${key} must be a mapping with some of ${listed(Object.keys(settings))}.`)
  const demands: Record<string, GitLabSetting> = {}
  for (const [name, { keyAt, value }] of node.entries) {
    const compare = Object.hasOwn(settings, name) ? settings[name] : undefined
    if (compare === undefined)
      throw refusedAt(
        'PIPELINE_POLICY_PARAMETER_UNKNOWN',
        keyAt,
        `${key} has no setting ${quoted(name)}. Possible are ${listed(Object.keys(settings))}.`,
      )
    demands[name] =
      compare === 'equal' ? { compare, value: readBoolean(value, name) } : { compare, value: readInteger(value, name) }
  }
  return demands
}
