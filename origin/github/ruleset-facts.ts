import type { Instant } from '../../domain/index.ts'
import { pathOf } from '../http-api/index.ts'
import type { GitHubScmFacts, PipelinePolicy, RulesetFacts } from '../pipeline-policies/index.ts'
import { branchRulesAnswer, type Repository, rulesetAnswer, rulesetListAnswer } from './answers.ts'
import { rulesetHistory } from './audit-log.ts'
import { type GitHubClient, Unanswered } from './client.ts'

/** So many rulesets of a branch are looked at. */
const mostRulesets = 200

/**
 * Asks for the rulesets that hold for a branch, of the repository and of those above it. GitHub decides which hold for the branch;
 * of push rulesets, which hold for all, only the active ones are looked at.
 */
export async function findRulesets(
  client: GitHubClient,
  repository: Repository,
  branch: string,
  policies: readonly PipelinePolicy[],
  now: Instant,
): Promise<GitHubScmFacts> {
  const root = ['repos', ...repository.full_name.split('/')]
  const permission = 'metadata: read'
  const rules = await client.list({
    name: 'branchRules',
    path: pathOf(...root, 'rules', 'branches', branch),
    schema: branchRulesAnswer,
    permission,
  })
  const above = await client.list({
    name: 'rulesets',
    path: pathOf(...root, 'rulesets'),
    query: { includes_parents: 'true', targets: 'push' },
    schema: rulesetListAnswer,
    permission,
  })
  const pushing = above.flat().filter(({ target, enforcement }) => target === 'push' && enforcement === 'active')
  const ids = [...new Set([...rules.flat().map(({ ruleset_id }) => ruleset_id), ...pushing.map(({ id }) => id)])]
  if (ids.length > mostRulesets)
    throw new Unanswered(
      'ORIGIN_API_ANSWER_TOO_LARGE',
      `More than ${mostRulesets} rulesets hold for the branch ${branch}.`,
      200,
    )
  const rulesets: RulesetFacts[] = []
  for (const id of ids) {
    const ruleset = await client.find({
      name: 'ruleset',
      path: pathOf(...root, 'rulesets', id),
      query: { includes_parents: 'true' },
      schema: rulesetAnswer,
      permission,
    })
    // One that was deleted meanwhile protects nothing.
    if (ruleset !== null)
      rulesets.push({
        id: ruleset.id,
        name: ruleset.name,
        source: `${ruleset.source_type ?? 'unknown'} ${ruleset.source ?? 'unknown'}`,
        target: ruleset.target ?? 'unknown',
        enforcement: ruleset.enforcement,
        bypassActors:
          ruleset.bypass_actors?.map(({ actor_id, actor_type, bypass_mode }) => ({
            type: actor_type ?? 'unknown',
            id: actor_id ?? null,
            mode: bypass_mode ?? 'always',
          })) ?? null,
        createdAt: ruleset.created_at ?? null,
        updatedAt: ruleset.updated_at ?? null,
        rules: (ruleset.rules ?? []).map(({ type, parameters }) => ({ type, parameters: parameters ?? {} })),
      })
  }
  const looksBack = policies.some(({ gitHubScm }) =>
    gitHubScm?.some(({ enforcedFrom }) => enforcedFrom.since !== 'currentBuild'),
  )
  const history = looksBack ? await rulesetHistory(client, repository, now) : ({ kind: 'lastModified' } as const)
  return { branch, rulesets, history }
}
