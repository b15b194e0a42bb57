import { describe, expect, it } from 'vitest'
import type { GitHubStandIn } from '../../support/build-systems/github.ts'
import { faultsOf, strictGitHub, verifyGitHub } from '../../support/build-systems/github-question.ts'
import { branchHead, job, ruleset } from '../../support/build-systems/github-world.ts'

const internal = (yaml: string) => ({ kind: 'internal', yaml })
const forcing = (also = '') =>
  `github-scm-policies: { ruleset_constraints: [{ rules: [{ type: non_fast_forward }]${also} }] }`

/** What comes of a build whose link demands a policy. */
function demand(gitHub: GitHubStandIn, source: object, level = 'enforce') {
  return verifyGitHub(gitHub, { settings: { pipelinePolicies: [{ name: 'rules', level, source }] } })
}

describe('a pipeline policy, for a build of GitHub Actions', () => {
  it('is judged by all jobs, and by the rulesets that GitHub says hold for the branch', async () => {
    const gitHub = await strictGitHub()
    const yaml = `github-build-policies: { disallow_reruns: true, runners: { allowed_groups: [GitHub Actions] } }\n${forcing()}`
    const found = await demand(gitHub, internal(yaml))
    expect(faultsOf(found)).toEqual([])
    expect(found.checks.slice(-3).map(({ name }) => name)).toEqual([
      ...['pipelinePolicyReruns', 'pipelinePolicyRunnerGroups', 'pipelinePolicyRule'],
    ])
    expect(found.evidence.map(({ name }) => name)).toContain('ruleset')
    gitHub.world.jobs.push(job({ id: 9, run_attempt: 2, runner_group_id: 4 }))
    gitHub.world.branchRulesets = { other: [42] }
    expect(faultsOf(await demand(gitHub, internal(yaml)))).toEqual([
      ...['PIPELINE_POLICY_RERUN', 'PIPELINE_POLICY_RUNNER_GROUP_REFUSED', 'PIPELINE_POLICY_RULE_UNMET'],
    ])
    const logged = await demand(gitHub, internal(yaml), 'log')
    expect(logged.checks.filter(({ outcome }) => outcome === 'logged')).toHaveLength(3)
    expect(logged.checks.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  })

  it.each<[string, Record<string, unknown>, boolean]>([
    ['nobody', { bypass_actors: [] }, true],
    ['somebody, always', { bypass_actors: [{ actor_id: 5, actor_type: 'Team', bypass_mode: 'always' }] }, false],
    ['somebody, in no mode', { bypass_actors: [{ actor_id: 5, actor_type: 'Team' }] }, false],
    ['somebody, exempt', { bypass_actors: [{ actor_id: 5, actor_type: 'Integration', bypass_mode: 'exempt' }] }, false],
    ['a kind of actor that nobody knows', { bypass_actors: [{ actor_type: 'Martian' }] }, false],
    ['whoever GitHub does not tell this token of', { bypass_actors: undefined }, false],
    ['nobody, but it only evaluates', { enforcement: 'evaluate' }, false],
    ['nobody, but it is disabled', { enforcement: 'disabled' }, false],
    ['nobody, but it is for tags', { target: 'tag' }, false],
  ])('of a ruleset that %s may bypass', async (_, changed, isMet) => {
    const gitHub = await strictGitHub()
    gitHub.world.rulesets = [ruleset(changed)]
    const found = await demand(gitHub, internal(forcing()))
    expect(faultsOf(found)).toEqual(isMet ? [] : ['PIPELINE_POLICY_RULE_UNMET'])
    if (_ === 'somebody, in no mode') expect(JSON.stringify(found.checks)).toContain('Team 5 (always)')
  })

  it('finds rules for files in push rulesets, which hold for every branch', async () => {
    const gitHub = await strictGitHub()
    const rules = [{ type: 'max_file_size', parameters: { max_file_size: 10 } }]
    const policy = internal(
      'github-scm-policies: { ruleset_constraints: [{ rules: [{ type: max_file_size, parameters: { max_file_size: 20 } }] }] }',
    )
    gitHub.world.rulesets.push(ruleset({ id: 43, target: 'push', rules }))
    expect(faultsOf(await demand(gitHub, policy))).toEqual([])
    gitHub.world.rulesets = [ruleset({ id: 43, target: 'push', enforcement: 'disabled', rules })]
    expect(faultsOf(await demand(gitHub, policy))).toEqual(['PIPELINE_POLICY_RULE_UNMET'])
  })

  it('looks back by when rulesets were changed, and by the audit log where there is one', async () => {
    const gitHub = await strictGitHub()
    const since = internal(forcing(', enforced_from: 2026-07-01'))
    expect(faultsOf(await demand(gitHub, since))).toEqual([])
    gitHub.world.rulesets = [ruleset({ updated_at: '2026-09-01T00:00:00Z' })]
    expect(faultsOf(await demand(gitHub, since))).toEqual(['PIPELINE_POLICY_RULE_TOO_RECENT'])
    const change = (changed: object) => ({
      action: 'repository_ruleset.update',
      '@timestamp': Date.parse('2026-09-01T00:00:00Z'),
      ruleset_id: 42,
      ...changed,
    })
    const harmless = [
      { ruleset_old_name: 'before' },
      { ruleset_rules_added: [{ rule_type: 'deletion' }] },
      { ruleset_rules_updated: '[{"rule_type":"deletion","old_parameters":{}}]' },
      { ruleset_id: 43, ruleset_old_enforcement: 'disabled' },
      { action: 'repository_ruleset.create', ruleset_id: 43 },
      { action: 'repo.create', ruleset_id: 42 },
    ]
    gitHub.world.auditLog = harmless.map(change)
    expect(faultsOf(await demand(gitHub, since))).toEqual([])
    for (const harmful of [
      { ruleset_old_enforcement: 'disabled' },
      { ruleset_rules_added: [{ rule_type: 'non_fast_forward' }] },
      { ruleset_rules_deleted: '[{"rule_type":"non_fast_forward"}]' },
      { ruleset_rules_updated: [{ rule_type: 'non_fast_forward' }] },
      { ruleset_rules_added: 'of another form' },
      { ruleset_rules_added: { rule_type: 'deletion' } },
      { ruleset_conditions_updated: '[{"id":1}]' },
      { ruleset_bypass_actors_deleted: [{ actor_id: 5 }] },
      { action: 'repository_ruleset.something_new' },
      { '@timestamp': undefined, created_at: undefined },
    ]) {
      gitHub.world.auditLog = [...harmless, harmful].map(change)
      expect([harmful, faultsOf(await demand(gitHub, since))]).toEqual([harmful, ['PIPELINE_POLICY_RULE_TOO_RECENT']])
    }
    // A log of which only the beginning can be read says nothing of what came later.
    gitHub.world.auditLog = harmless.map(change)
    gitHub.world.auditCursor = 'cursor'
    expect(faultsOf(await demand(gitHub, since))).toEqual(['PIPELINE_POLICY_FACTS_MISSING'])
    gitHub.world.auditCursor = 'after'
    // Where the token may not read it, rulesets are known by when they were changed.
    gitHub.world.auditLog = []
    gitHub.world.permissions.delete('organization_administration')
    expect(faultsOf(await demand(gitHub, since))).toEqual(['PIPELINE_POLICY_RULE_TOO_RECENT'])
  })

  it('of rulesets is not met by a tag', async () => {
    const gitHub = await strictGitHub()
    gitHub.world.run.head_branch = 'v1'
    gitHub.world.tags.v1 = { sha: gitHub.world.run.head_sha, type: 'commit' }
    expect(faultsOf(await demand(gitHub, internal(forcing())))).toEqual(['PIPELINE_POLICY_FACTS_MISSING'])
  })

  it('that is external is read from the default branch as it stands, and kept', async () => {
    const gitHub = await strictGitHub()
    const path = '.signpath/policies/program/release.yml'
    const external = { kind: 'external' }
    expect(faultsOf(await demand(gitHub, external))).toEqual(['PIPELINE_POLICY_NOT_FOUND'])
    expect((await demand(gitHub, external, 'log')).checks.at(-1)).toMatchObject({ outcome: 'logged' })
    const key = (of: string) => `${of} ${branchHead} ${path}`
    gitHub.world.files[key('Example/program')] = { type: 'file', content: forcing() }
    const found = await demand(gitHub, external)
    expect(faultsOf(found)).toEqual([])
    expect(found.evidence.map(({ name }) => name)).toContain('pipelinePolicy')
    gitHub.world.files[key('Example/program')] = { type: 'file', content: 'github-build-policies:\n  surprise: 1' }
    const wrong = await demand(gitHub, external)
    expect(faultsOf(wrong)).toEqual(['PIPELINE_POLICY_KEY_UNKNOWN'])
    expect(wrong.checks.at(-1)?.message).toMatch(
      /release\.yml of the default branch of Example\/program: .*line 2, column 3/,
    )
    for (const [file, code] of [
      [{ type: 'symlink', content: forcing() }, 'PIPELINE_POLICY_NOT_FOUND'],
      [{ type: 'file', content: Buffer.from([0xff, 0xfe]) }, 'PIPELINE_POLICY_MALFORMED'],
      [{ type: 'file', content: `#${' '.repeat(300_000)}` }, 'PIPELINE_POLICY_TOO_LARGE'],
    ] as const) {
      gitHub.world.files[key('Example/program')] = file
      expect(faultsOf(await demand(gitHub, external))).toEqual([code])
    }
  })

  it('that is external may be in another repository of the server', async () => {
    const gitHub = await strictGitHub()
    const head = '3'.repeat(40)
    const external = { kind: 'external', repository: 'Example/policies', path: 'release policies/a.yml' }
    expect(faultsOf(await demand(gitHub, external))).toEqual(['ORIGIN_API_NOT_FOUND'])
    gitHub.world.otherRepositories['Example/policies'] = { id: 5, default_branch: 'trunk', head }
    gitHub.world.files[`Example/policies ${head} release policies/a.yml`] = { type: 'file', content: forcing() }
    expect(faultsOf(await demand(gitHub, external))).toEqual([])
    for (const path of ['../a.yml', '/a.yml'])
      await expect(async () => demand(gitHub, { ...external, path })).rejects.toThrow(/path/)
  })
})
