import type { AzureDevOpsFacts, GitLabBuildFacts, GitLabScmFacts } from './facts.ts'
import { type Finding, some } from './findings.ts'
import type {
  AzureDevOpsDemands,
  GitLabBuildDemands,
  GitLabScmDemands,
  GitLabSection,
  GitLabSetting,
} from './policy.ts'

/** Judges which templates a pipeline of Azure DevOps extends. */
export function judgeTemplates({ requiredTemplates }: AzureDevOpsDemands, { templates }: AzureDevOpsFacts): Finding[] {
  if (requiredTemplates === null) return []
  const absent = requiredTemplates.filter((template) => !templates.includes(template))
  return [
    {
      name: 'pipelinePolicyTemplates',
      inputs: { requiredTemplates: some(requiredTemplates, 20), templates: some(templates, 20) },
      fault:
        absent.length === 0
          ? null
          : {
              code: 'PIPELINE_POLICY_TEMPLATE_ABSENT',
              message: `The pipeline does not extend ${some(absent)}. Have it do so with \`extends\`.`,
            },
    },
  ]
}

/** Judges of which ref, and by what, a pipeline of GitLab began. */
export function judgeGitLabPipeline(demands: GitLabBuildDemands, facts: GitLabBuildFacts): Finding[] {
  const findings: Finding[] = []
  if (demands.requireProtectedRef)
    findings.push({
      name: 'pipelinePolicyProtectedRef',
      inputs: { isRefProtected: facts.isRefProtected === null ? null : String(facts.isRefProtected) },
      fault:
        facts.isRefProtected === true
          ? null
          : {
              code: 'PIPELINE_POLICY_REF_NOT_PROTECTED',
              message:
                'The policy demands a protected ref, and the pipeline ran for another. Protect the branch in GitLab.',
            },
    })
  const sources = demands.allowedPipelineSources
  if (sources !== null)
    findings.push({
      name: 'pipelinePolicySource',
      inputs: { allowed: some(sources, 20), pipelineSource: facts.pipelineSource },
      fault:
        facts.pipelineSource !== null && sources.includes(facts.pipelineSource)
          ? null
          : {
              code: 'PIPELINE_POLICY_SOURCE_REFUSED',
              message: `The pipeline began by ${facts.pipelineSource ?? 'something unknown'}; the policy allows ${some(sources, 20)}.`,
            },
    })
  return findings
}

/** Judges the settings of a GitLab project. */
export function judgeGitLabScm(demands: GitLabScmDemands, facts: GitLabScmFacts): Finding[] {
  return (['protectedBranch', 'approvals', 'pushRules'] as const).flatMap((section) =>
    Object.entries(demands[section] ?? {}).map(([name, setting]) => judgeSetting(section, name, setting, facts)),
  )
}

function judgeSetting(section: GitLabSection, name: string, setting: GitLabSetting, facts: GitLabScmFacts): Finding {
  const given = facts[section]
  const actual = given !== null && Object.hasOwn(given, name) ? given[name] : undefined
  const said = actual === undefined ? null : JSON.stringify(actual)
  const demanded = `${{ equal: '', atLeast: 'at least ', atMost: 'at most ' }[setting.compare]}${setting.value}`
  return {
    name: 'pipelinePolicySetting',
    inputs: { setting: `${section}.${name}`, demanded, actual: said },
    fault: isMet(setting, actual)
      ? null
      : {
          code: 'PIPELINE_POLICY_SETTING_UNMET',
          message: `${section}.${name} is ${said ?? 'not set'}; the policy demands ${demanded}. A maintainer of the project changes it in GitLab.`,
        },
  }
}

function isMet(setting: GitLabSetting, actual: unknown): boolean {
  if (setting.compare === 'equal') return actual === setting.value
  if (typeof actual !== 'number') return false
  // Of a largest size, GitLab means "any" by 0.
  return setting.compare === 'atLeast' ? actual >= setting.value : actual > 0 && actual <= setting.value
}
