import { listed } from './fields.ts'
import { readEarlierGitHub, readGitHubBuild, readGitHubScm } from './github-sections.ts'
import { malformed, type PolicyNode, readPolicyText, refusedAt } from './node.ts'
import { readAzureDevOpsBuild, readGitLabBuild, readGitLabScm } from './other-sections.ts'
import type { PipelinePolicy } from './policy.ts'

/** The root of the form before; it stands alone. */
const earlierRoot = 'github-policies'

const sections = [
  'github-build-policies',
  'github-scm-policies',
  'azure-devops-build-policies',
  'gitlab-build-policies',
  'gitlab-scm-policies',
] as const

/**
 * Reads a pipeline policy, of the form of today or of the one before. Each refusal names the line and the column, in its message and
 * as `line` and `column` of its details.
 *
 * @throws Refusal `PIPELINE_POLICY_TOO_LARGE`, `PIPELINE_POLICY_MALFORMED`, `PIPELINE_POLICY_FORMS_MIXED`,
 *   `PIPELINE_POLICY_KEY_UNKNOWN`, `PIPELINE_POLICY_VERSION_UNKNOWN`, `PIPELINE_POLICY_RULE_UNKNOWN`,
 *   `PIPELINE_POLICY_PARAMETER_UNKNOWN`
 */
export function parsePipelinePolicy(text: string): PipelinePolicy {
  const root = readPolicyText(text)
  if (root.kind !== 'mapping' || root.entries.size === 0)
    throw malformed(root.at, `a pipeline policy must be a mapping with some of ${listed([...sections, earlierRoot])}.`)
  requireOneForm(root)
  const section = <Demands>(name: string, read: (node: PolicyNode) => Demands): Demands | null => {
    const entry = root.entries.get(name)
    return entry === undefined ? null : read(entry.value)
  }
  const earlier = section(earlierRoot, readEarlierGitHub)
  if (earlier !== null && earlier.build === null && earlier.scm === null)
    throw malformed(root.at, `${earlierRoot} must have one at least of \`runners\`, \`build\`, \`branch_rulesets\`.`)
  return {
    form: earlier === null ? 'current' : 'earlier',
    gitHubBuild: earlier === null ? section('github-build-policies', readGitHubBuild) : earlier.build,
    gitHubScm: earlier === null ? section('github-scm-policies', readGitHubScm) : earlier.scm,
    azureDevOpsBuild: section('azure-devops-build-policies', readAzureDevOpsBuild),
    gitLabBuild: section('gitlab-build-policies', readGitLabBuild),
    gitLabScm: section('gitlab-scm-policies', readGitLabScm),
  }
}

function requireOneForm({ entries }: Extract<PolicyNode, { kind: 'mapping' }>): void {
  for (const [key, { keyAt }] of entries) {
    if (key !== earlierRoot && !(sections as readonly string[]).includes(key))
      throw refusedAt(
        'PIPELINE_POLICY_KEY_UNKNOWN',
        keyAt,
        `a pipeline policy has no section ${JSON.stringify(key.slice(0, 100))}. Possible are ${listed([...sections, earlierRoot])}.`,
      )
  }
  const earlier = entries.get(earlierRoot)
  if (earlier === undefined || entries.size === 1) return
  throw refusedAt(
    'PIPELINE_POLICY_FORMS_MIXED',
    earlier.keyAt,
    `\`${earlierRoot}\` is the form before, and stands alone in its file. Write all of it as \`github-build-policies\` and \`github-scm-policies\`.`,
  )
}
