import type { Instant } from '../../domain/event.ts'
import type { OriginCheck } from '../../domain/verified-origin.ts'
import type { PolicyFacts } from './facts.ts'
import { checkOf, type Finding, type PolicyLevel } from './findings.ts'
import { judgeBuild } from './judge-build.ts'
import { judgeGitLabPipeline, judgeGitLabScm, judgeTemplates } from './judge-others.ts'
import { judgeRulesets } from './judge-rulesets.ts'
import type { PipelinePolicy } from './policy.ts'

/** A pipeline policy as a signing policy demands it. */
export type DemandedPolicy = { readonly name: string; readonly level: PolicyLevel; readonly policy: PipelinePolicy }

/**
 * Judges a build by a pipeline policy. What it demands of a system by which the build was not made, or of which nothing is known, is
 * not met. All demands are judged, not only up to the first that is not met.
 *
 * @returns a check for each demand; each that is not met is `failed` where the level is `enforce`, else `logged`
 */
export function judgePipelinePolicy(demanded: DemandedPolicy, facts: PolicyFacts, now: Instant): OriginCheck[] {
  const { gitHubBuild, gitHubScm, azureDevOpsBuild, gitLabBuild, gitLabScm } = demanded.policy
  const findings = [
    ...part('github-build-policies', gitHubBuild, facts.gitHubBuild, facts, judgeBuild),
    ...part('github-scm-policies', gitHubScm, facts.gitHubScm, facts, (constraints, known) =>
      judgeRulesets(constraints, known, now),
    ),
    ...part('azure-devops-build-policies', azureDevOpsBuild, facts.azureDevOpsBuild, facts, (demands, known) => [
      ...judgeBuild(demands, known),
      ...judgeTemplates(demands, known),
    ]),
    ...part('gitlab-build-policies', gitLabBuild, facts.gitLabBuild, facts, (demands, known) => [
      ...judgeBuild(demands, known),
      ...judgeGitLabPipeline(demands, known),
    ]),
    ...part('gitlab-scm-policies', gitLabScm, facts.gitLabScm, facts, judgeGitLabScm),
  ]
  return findings.map((finding) => checkOf(finding, demanded))
}

function part<Demands, Facts>(
  section: string,
  demands: Demands | null,
  known: Facts | undefined,
  { missing }: PolicyFacts,
  judge: (demands: Demands, known: Facts) => Finding[],
): Finding[] {
  if (demands === null) return []
  if (known !== undefined) return judge(demands, known)
  return [
    {
      name: 'pipelinePolicyFacts',
      inputs: { section },
      fault: {
        code: 'PIPELINE_POLICY_FACTS_MISSING',
        message: `What ${section} demands cannot be judged: ${missing ?? 'this build is not one of that system.'}`,
      },
    },
  ]
}
