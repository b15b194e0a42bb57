import { describe, expect, it } from 'vitest'
import type { OriginCheck } from '../../../domain/index.ts'
import {
  type BuildFacts,
  type JobFacts,
  judgePipelinePolicy,
  type PolicyFacts,
  parsePipelinePolicy,
  type RulesetChange,
  type RulesetFacts,
} from '../../../origin/pipeline-policies/index.ts'

const now = '2026-11-30T12:00:00.000Z'

function judge(text: string, facts: PolicyFacts, level: 'enforce' | 'log' = 'enforce'): OriginCheck[] {
  return judgePipelinePolicy({ name: 'release', level, policy: parsePipelinePolicy(text) }, facts, now)
}

/** The codes of what is not met. */
const faults = (checks: OriginCheck[]) => checks.flatMap(({ code }) => code ?? [])

const job: JobFacts = {
  id: '1',
  name: 'build',
  attempt: 1,
  hasSteps: true,
  group: { id: '0', name: 'GitHub Actions' },
  runner: { id: '3', name: 'GitHub Actions 3' },
  isHosted: true,
}
const build: BuildFacts = { attempts: 1, jobs: [job], hostedGroups: [{ id: '0', name: 'GitHub Actions' }] }
const own: JobFacts = { ...job, id: '2', name: 'package', group: { id: '7', name: 'Hardened' }, isHosted: null }

const runners = (text: string) => `github-build-policies:\n  runners: ${text}`
const reruns = 'github-build-policies:\n  disallow_reruns: true'
const hosted = runners('{ require_github_hosted: true }')

const ruleset: RulesetFacts = {
  id: '42',
  name: 'release branches',
  source: 'Repository example/program',
  target: 'branch',
  enforcement: 'active',
  bypassActors: [],
  createdAt: '2025-06-01T00:00:00.000Z',
  updatedAt: '2026-02-01T00:00:00.000Z',
  rules: [{ type: 'non_fast_forward', parameters: {} }],
}

function scm(...rulesets: RulesetFacts[]): PolicyFacts {
  return { gitHubScm: { branch: 'main', rulesets, history: { kind: 'lastModified' } } }
}

function audited(changes: Partial<RulesetChange>[], changed: Partial<RulesetFacts> = {}): PolicyFacts {
  const none = { changedEnforcement: false, changedConditions: false, changedBypassActors: false }
  const full = changes.map((change): RulesetChange => {
    return {
      rulesetId: '42',
      at: '2026-08-01T00:00:00.000Z',
      action: 'updated',
      ...none,
      addedOrDeleted: [],
      updated: [],
      ...change,
    }
  })
  const history = { kind: 'auditLog', from: '2026-06-03T00:00:00.000Z', changes: full } as const
  return { gitHubScm: { branch: 'main', rulesets: [{ ...ruleset, ...changed }], history } }
}

const demanding = (rule: string, also = '') =>
  `github-scm-policies:\n  ruleset_constraints:\n    - rules: [${rule}]\n${also}`
const rule = (type: string, parameters: object) => ({ type, parameters })
const withRule = (type: string, parameters: object = {}) =>
  scm({ ...ruleset, rules: [rule(type, { ...parameters })] } as RulesetFacts)

describe('the jobs of a build', () => {
  it('ran once where re-runs are disallowed: the whole build, and each of its jobs', () => {
    expect(faults(judge(reruns, { gitHubBuild: build }))).toEqual([])
    expect(faults(judge(reruns, { gitHubBuild: { ...build, attempts: 2 } }))).toEqual(['PIPELINE_POLICY_RERUN'])
    const again = { ...build, jobs: [job, { ...job, attempt: 2 }] }
    expect(faults(judge(reruns, { gitHubBuild: again }))).toEqual(['PIPELINE_POLICY_RERUN'])
    expect(
      faults(judge('github-build-policies: { disallow_reruns: false, runners: {} }', { gitHubBuild: again })),
    ).toEqual([])
  })

  it('ran on hosted machines, in every attempt, but for those that did nothing', () => {
    expect(faults(judge(hosted, { gitHubBuild: build }))).toEqual([])
    const skipped = { ...own, hasSteps: false }
    expect(faults(judge(hosted, { gitHubBuild: { ...build, jobs: [job, skipped] } }))).toEqual([])
    for (const isHosted of [false, null]) {
      const mixed = {
        ...build,
        attempts: 2,
        jobs: [
          { ...own, isHosted },
          { ...job, attempt: 2 },
        ],
      }
      const [check] = judge(hosted, { gitHubBuild: mixed })
      expect(check).toMatchObject({ outcome: 'failed', code: 'PIPELINE_POLICY_RUNNER_NOT_HOSTED' })
      expect(check?.message).toContain('package (attempt 1, group Hardened [id 7])')
    }
  })

  it('are not judged by none', () => {
    for (const jobs of [[], [{ ...job, hasSteps: false }]])
      for (const policy of [hosted, runners('{ allowed_groups: [Hardened] }')])
        expect(faults(judge(policy, { gitHubBuild: { ...build, jobs } }))).toEqual(['PIPELINE_POLICY_JOBS_UNKNOWN'])
  })

  it('ran in groups that the policy names, by their ids where it says them', () => {
    const groups = (text: string, ...jobs: JobFacts[]) =>
      faults(judge(runners(`{ allowed_groups: ${text} }`), { gitHubBuild: { ...build, jobs } }))
    expect(groups('[Hardened]', own)).toEqual([])
    expect(groups('[Hardened]', own, job)).toEqual(['PIPELINE_POLICY_RUNNER_GROUP_REFUSED'])
    expect(groups('[Hardened, GitHub Actions]', own, job)).toEqual([])
    expect(groups('[hardened]', own)).toEqual(['PIPELINE_POLICY_RUNNER_GROUP_REFUSED'])
    // The id holds when the group is renamed; the name of the policy is for people.
    expect(groups('[{ id: 7, name: Hardened }]', { ...own, group: { id: '7', name: 'Renamed' } })).toEqual([])
    expect(groups('[{ id: 8, name: Hardened }]', own)).toEqual(['PIPELINE_POLICY_RUNNER_GROUP_REFUSED'])
    // One name of an organization's group and of an enterprise's.
    expect(groups('[Hardened]', own, { ...own, group: { id: '9', name: 'Hardened' } })).toEqual([
      'PIPELINE_POLICY_RUNNER_GROUP_AMBIGUOUS',
    ])
    // A group of one's own that is named like the host's.
    const alike = { ...own, group: { id: '7', name: 'GitHub Actions' } }
    expect(groups('[GitHub Actions]', alike)).toEqual(['PIPELINE_POLICY_RUNNER_GROUP_REFUSED'])
    expect(groups('[GitHub Actions]', { ...own, group: { id: null, name: null } })).toEqual([
      'PIPELINE_POLICY_RUNNER_GROUP_REFUSED',
    ])
  })
})

describe('a rule of a ruleset', () => {
  const plain = ['creation', 'update', 'deletion', 'required_linear_history', 'required_signatures', 'non_fast_forward']

  it.each([...plain, 'pull_request', 'code_scanning', 'copilot_code_review'])('%s is met where it is there', (type) => {
    expect(faults(judge(demanding(`{ type: ${type} }`), withRule(type)))).toEqual([])
    expect(faults(judge(demanding(`{ type: ${type} }`), withRule('another')))).toEqual(['PIPELINE_POLICY_RULE_UNMET'])
    expect(faults(judge(demanding(`{ type: ${type} }`), scm()))).toEqual(['PIPELINE_POLICY_RULE_UNMET'])
  })

  const tool = (alerts: string, security: string, name = 'CodeQL') => ({
    code_scanning_tools: [
      { tool: 'Other', alerts_threshold: 'all', security_alerts_threshold: 'all' },
      { tool: name, alerts_threshold: alerts, security_alerts_threshold: security },
    ],
  })
  const scanning =
    '{ code_scanning_tools: [{ tool: CodeQL, alerts_threshold: errors, security_alerts_threshold: high_or_higher }] }'
  const count = 'required_approving_review_count'
  const equals = [
    'dismiss_stale_reviews_on_push',
    'require_code_owner_review',
    'require_last_push_approval',
    'required_review_thread_resolution',
  ]

  it.each<[string, string, readonly object[], readonly object[]]>([
    ['pull_request', `{ ${count}: 2 }`, [{ [count]: 2 }, { [count]: 3 }], [{ [count]: 1 }, {}, { [count]: '2' }]],
    ...equals.map((name): [string, string, object[], object[]] => [
      'pull_request',
      `{ ${name}: true }`,
      [{ [name]: true }],
      [{ [name]: false }, {}, { [name]: 'true' }],
    ]),
    ['pull_request', `{ ${equals[0]}: false }`, [{ [`${equals[0]}`]: false }], [{ [`${equals[0]}`]: true }, {}]],
    [
      'code_scanning',
      scanning,
      [tool('errors', 'high_or_higher'), tool('errors_and_warnings', 'medium_or_higher'), tool('all', 'all')],
      [
        tool('none', 'all'),
        tool('all', 'critical'),
        tool('all', 'none'),
        tool('all', 'all', 'codeql'),
        tool('unheard', 'all'),
        {},
        { code_scanning_tools: [{ tool: 'CodeQL' }] },
      ],
    ],
    [
      'code_scanning',
      '{ code_scanning_tools: [{ tool: [Semgrep, CodeQL] }] }',
      [tool('none', 'none')],
      [tool('all', 'all', 'Sonar')],
    ],
    [
      'file_path_restriction',
      '{ restricted_file_paths: [a, b] }',
      [{ restricted_file_paths: ['b', 'a'] }, { restricted_file_paths: ['a', 'b', 'c'] }],
      [{ restricted_file_paths: ['a'] }, {}, { restricted_file_paths: 'a b' }],
    ],
    [
      'file_extension_restriction',
      "{ restricted_file_extensions: ['*.exe'] }",
      [{ restricted_file_extensions: ['*.exe'] }, { restricted_file_extensions: ['*.dll', '*.exe'] }],
      [{ restricted_file_extensions: ['*.dll'] }, {}],
    ],
    [
      'max_file_path_length',
      '{ max_file_path_length: 100 }',
      [{ max_file_path_length: 100 }, { max_file_path_length: 99 }],
      [{ max_file_path_length: 101 }, {}],
    ],
    [
      'max_file_size',
      '{ max_file_size: 10 }',
      [{ max_file_size: 10 }, { max_file_size: 1 }],
      [{ max_file_size: 11 }, {}],
    ],
    ['copilot_code_review', '{ review_on_push: true }', [{ review_on_push: true }], [{ review_on_push: false }, {}]],
    [
      'copilot_code_review',
      '{ review_draft_pull_requests: false }',
      [{ review_draft_pull_requests: false }],
      [{ review_draft_pull_requests: true }, {}],
    ],
  ])('%s with %s is met by the same or stricter, and not by weaker, other or none', (type, parameters, met, unmet) => {
    const policy = demanding(`{ type: ${type}, parameters: ${parameters} }`)
    for (const actual of met) expect(faults(judge(policy, withRule(type, actual)))).toEqual([])
    for (const actual of unmet)
      expect(faults(judge(policy, withRule(type, actual)))).toEqual(['PIPELINE_POLICY_RULE_UNMET'])
  })

  const force = '{ type: non_fast_forward }'
  const unmet = ['PIPELINE_POLICY_RULE_UNMET']

  it('protects only in an active ruleset for branches', () => {
    for (const changed of [
      { enforcement: 'evaluate' },
      { enforcement: 'disabled' },
      { enforcement: 'unheard' },
      { target: 'tag' },
      { target: 'push' },
    ])
      expect(faults(judge(demanding(force), scm({ ...ruleset, ...changed })))).toEqual(unmet)
    // What GitHub has only in push rulesets is taken from there.
    const size = { ...ruleset, rules: [rule('max_file_size', { max_file_size: 5 })] } as RulesetFacts
    const policy = demanding('{ type: max_file_size, parameters: { max_file_size: 5 } }')
    expect(faults(judge(policy, scm({ ...size, target: 'push' })))).toEqual([])
    expect(faults(judge(policy, scm({ ...size, target: 'tag' })))).toEqual(unmet)
  })

  it('may be in another ruleset than the next one, each by itself as strict as demanded', () => {
    const other = { ...ruleset, id: '43', rules: [rule('deletion', {})] } as RulesetFacts
    expect(faults(judge(demanding('{ type: non_fast_forward }, { type: deletion }'), scm(ruleset, other)))).toEqual([])
    const half = (id: string, parameters: object) =>
      ({ ...ruleset, id, rules: [rule('pull_request', parameters)] }) as RulesetFacts
    const policy = demanding(`{ type: pull_request, parameters: { ${count}: 2, require_code_owner_review: true } }`)
    expect(
      faults(judge(policy, scm(half('1', { [count]: 2 }), half('2', { require_code_owner_review: true })))),
    ).toEqual(unmet)
  })

  it('counts only without bypass actors where the constraint allows none, and the unknown is one', () => {
    const none = demanding(force)
    const allowed = demanding(force, '      allow_bypass_actors: true')
    const actors = ['always', 'pull_request', 'exempt', 'unheard'].map((mode) => [{ type: 'Team', id: '5', mode }])
    for (const bypassActors of [...actors, [{ type: 'Unheard', id: null, mode: 'always' }], null]) {
      expect(faults(judge(none, scm({ ...ruleset, bypassActors })))).toEqual(unmet)
      expect(faults(judge(allowed, scm({ ...ruleset, bypassActors })))).toEqual([])
    }
    expect(judge(none, scm({ ...ruleset, bypassActors: actors[2] ?? [] }))[0]?.message).toContain('Team 5 (exempt)')
    // One that others may bypass does not take anything from one that nobody may.
    expect(faults(judge(none, scm({ ...ruleset, bypassActors: null }, ruleset)))).toEqual([])
  })

  const since = (moment: string) => demanding(force, `      enforced_from: ${moment}`)
  const late = ['PIPELINE_POLICY_RULE_TOO_RECENT']

  it('was in force since the moment, by when the ruleset was last changed', () => {
    expect(faults(judge(since('CURRENT_BUILD'), scm({ ...ruleset, updatedAt: now })))).toEqual([])
    expect(faults(judge(since('2026-02-01'), scm(ruleset)))).toEqual([])
    expect(faults(judge(since('2026-01-31'), scm(ruleset)))).toEqual(late)
    expect(faults(judge(since('2026-02-01'), scm({ ...ruleset, updatedAt: null })))).toEqual(late)
    // EARLIEST is 180 days back: 2026-06-03T12:00.
    expect(faults(judge(since('EARLIEST'), scm(ruleset)))).toEqual([])
    expect(faults(judge(since('EARLIEST'), scm({ ...ruleset, updatedAt: '2026-06-04T00:00:00.000Z' })))).toEqual(late)
    expect(
      faults(judge(since('EARLIEST'), scm({ ...ruleset, updatedAt: '2026-06-04T00:00:00.000Z' }, ruleset))),
    ).toEqual([])
  })

  it('was in force since the moment, by the audit log', () => {
    const changes: [Partial<RulesetChange>, boolean][] = [
      [{}, true],
      [{ rulesetId: '43', action: 'unknown' }, true],
      [{ at: '2026-06-03T00:00:00.000Z', changedEnforcement: true }, true],
      [{ updated: [{ type: 'deletion', before: null }] }, true],
      [{ updated: [{ type: 'non_fast_forward', before: {} }] }, true],
      [{ updated: [{ type: 'non_fast_forward', before: null }] }, false],
      [{ addedOrDeleted: ['deletion'] }, true],
      [{ addedOrDeleted: ['non_fast_forward'] }, false],
      [{ changedEnforcement: true }, false],
      [{ changedConditions: true }, false],
      [{ changedBypassActors: true }, false],
      [{ action: 'unknown' }, false],
    ]
    for (const [change, holds] of changes)
      expect([change, faults(judge(since('EARLIEST'), audited([change])))]).toEqual([change, holds ? [] : late])
    const bypassed = demanding(force, '      enforced_from: EARLIEST\n      allow_bypass_actors: true')
    expect(faults(judge(bypassed, audited([{ changedBypassActors: true }])))).toEqual([])
    // Made since.
    expect(faults(judge(since('2025-05-31'), audited([])))).toEqual(late)
    expect(faults(judge(since('EARLIEST'), audited([], { createdAt: null })))).toEqual(late)
    // Changed to more than is demanded, from as much.
    const policy = demanding(`{ type: pull_request, parameters: { ${count}: 1 } }`, '      enforced_from: EARLIEST')
    const stricter = { rules: [rule('pull_request', { [count]: 2 })] } as Partial<RulesetFacts>
    const from = (before: object) => [{ updated: [{ type: 'pull_request', before: { ...before } }] }]
    expect(faults(judge(policy, audited(from({ [count]: 1 }), stricter)))).toEqual([])
    expect(faults(judge(policy, audited(from({ [count]: 0 }), stricter)))).toEqual(late)
  })
})

describe('a policy', () => {
  it('that only logs refuses nothing, and says the same', () => {
    const [enforced] = judge(demanding('{ type: deletion }'), scm(ruleset))
    const [logged] = judge(demanding('{ type: deletion }'), scm(ruleset), 'log')
    expect(enforced?.outcome).toBe('failed')
    expect(logged).toEqual({ ...enforced, outcome: 'logged' })
  })

  it('says what it compared where it is met', () => {
    const [check] = judge(demanding('{ type: non_fast_forward }'), scm(ruleset))
    expect(check).toMatchObject({ name: 'pipelinePolicyRule', outcome: 'passed', code: null, message: null })
    expect(check?.inputs).toContainEqual({ name: 'policy', value: 'release' })
    expect(check?.inputs).toContainEqual({
      name: 'ruleset',
      value: 'ruleset "release branches" [id 42] of Repository example/program',
    })
  })

  it('of a system that made nothing of the build, or of which nothing is known, is not met', () => {
    const checks = judge(`${reruns}\ngitlab-build-policies: {}`, { missing: 'The token lacks actions: read.' })
    expect(faults(checks)).toEqual(['PIPELINE_POLICY_FACTS_MISSING', 'PIPELINE_POLICY_FACTS_MISSING'])
    expect(checks[0]?.message).toContain('actions: read')
  })

  it('of Azure DevOps judges pools and templates', () => {
    const policy =
      'azure-devops-build-policies:\n  pools: { require_microsoft_hosted: true }\n  required_templates: [secure.yml]'
    const known = (templates: string[], isHosted: boolean) => ({
      azureDevOpsBuild: { ...build, jobs: [{ ...job, isHosted }], templates },
    })
    expect(faults(judge(policy, known(['secure.yml', 'more.yml'], true)))).toEqual([])
    expect(faults(judge(policy, known(['other.yml'], false)))).toEqual([
      'PIPELINE_POLICY_RUNNER_NOT_HOSTED',
      'PIPELINE_POLICY_TEMPLATE_ABSENT',
    ])
  })

  it('of GitLab judges the pipeline and the settings of the project', () => {
    const pipeline = 'gitlab-build-policies:\n  require_protected_ref: true\n  allowed_pipeline_sources: [push]'
    const ran = (isRefProtected: boolean | null, pipelineSource: string | null) => ({
      gitLabBuild: { ...build, isRefProtected, pipelineSource },
    })
    expect(faults(judge(pipeline, ran(true, 'push')))).toEqual([])
    for (const isProtected of [false, null])
      expect(faults(judge(pipeline, ran(isProtected, 'web')))).toEqual([
        'PIPELINE_POLICY_REF_NOT_PROTECTED',
        'PIPELINE_POLICY_SOURCE_REFUSED',
      ])
    const settings =
      'gitlab-scm-policies:\n  protected_branch: { push_access_level: 40 }\n  approvals: { reset_approvals_on_push: true }\n  push_rules: { max_file_size: 50 }'
    const set = (level: number, reset: boolean, size: number) => ({
      gitLabScm: {
        protectedBranch: { push_access_level: level },
        approvals: { reset_approvals_on_push: reset },
        pushRules: { max_file_size: size },
      },
    })
    expect(faults(judge(settings, set(40, true, 50)))).toEqual([])
    expect(faults(judge(settings, set(60, true, 10)))).toEqual([])
    expect(faults(judge(settings, set(30, false, 51)))).toHaveLength(3)
    expect(faults(judge(settings, set(40, true, 0)))).toEqual(['PIPELINE_POLICY_SETTING_UNMET'])
    const absent = { gitLabScm: { protectedBranch: null, approvals: null, pushRules: null } }
    expect(faults(judge(settings, absent))).toHaveLength(3)
  })
})
