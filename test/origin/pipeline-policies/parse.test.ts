import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../domain/index.ts'
import { longestPolicy, parsePipelinePolicy } from '../../../origin/pipeline-policies/index.ts'

function refusalOf(text: string): Refusal {
  try {
    parsePipelinePolicy(text)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('The policy was accepted.')
}

/** What a text is refused with, and where. */
const refused = (text: string) => {
  const { code, details } = refusalOf(text)
  return [code, details.line, details.column]
}

const constraint = (rules: string) => `github-scm-policies:\n  ruleset_constraints:\n    - rules:\n${rules}`

describe('a pipeline policy', () => {
  it('of the form of today is read with all that it demands', () => {
    const policy = parsePipelinePolicy(`
github-build-policies:
  version: '1.0'
  disallow_reruns: true
  runners:
    require_github_hosted: true
    allowed_groups: [Hardened Runners, { id: 7, name: Others }]
github-scm-policies:
  version: "1.0"
  ruleset_constraints:
    - enforced_from: 2025-01-01
      allow_bypass_actors: true
      rules:
        - type: non_fast_forward
        - type: pull_request
          parameters: { required_approving_review_count: 2, require_last_push_approval: true }
    - enforced_from: EARLIEST
      rules:
        - type: code_scanning
          parameters:
            code_scanning_tools: [{ tool: CodeQL, alerts_threshold: errors, security_alerts_threshold: all }]
        - type: file_path_restriction
          parameters: { restricted_file_paths: [.github/**] }
        - type: max_file_size
          parameters: { max_file_size: 10 }
`)
    expect(policy).toMatchObject({
      form: 'current',
      gitHubBuild: {
        disallowReruns: true,
        requireHosted: true,
        allowedGroups: [
          { id: null, name: 'Hardened Runners' },
          { id: '7', name: 'Others' },
        ],
      },
      gitHubScm: [
        {
          enforcedFrom: { since: 'moment', moment: '2025-01-01T00:00:00.000Z' },
          allowBypassActors: true,
          rules: [
            { type: 'non_fast_forward', parameters: {} },
            {
              type: 'pull_request',
              parameters: {
                required_approving_review_count: { compare: 'atLeast', value: 2 },
                require_last_push_approval: { compare: 'equal', value: true },
              },
            },
          ],
        },
        {
          enforcedFrom: { since: 'earliest' },
          allowBypassActors: false,
          rules: [
            {
              type: 'code_scanning',
              parameters: {
                code_scanning_tools: {
                  compare: 'tools',
                  value: [{ tools: ['CodeQL'], alertsThreshold: 'errors', securityAlertsThreshold: 'all' }],
                },
              },
            },
            { parameters: { restricted_file_paths: { compare: 'allOf', value: ['.github/**'] } } },
            { parameters: { max_file_size: { compare: 'atMost', value: 10 } } },
          ],
        },
      ],
    })
  })

  it('of the form before is read as the same demands', () => {
    const policy = parsePipelinePolicy(`
github-policies:
  runners:
    allowed_groups: ['GitHub Actions']
    require_github_hosted: true
  build:
    disallow_reruns: true
  branch_rulesets:
    - condition:
        rules:
          - block_force_pushes:
          - restrict_deletions
          - require_pull_request:
              min_required_approvals: 1
              dismiss_stale_reviews_on_push: true
          - require_code_scanning:
              tools: [{ tool: CodeQL, min_alerts_threshold: errors, min_security_alerts_threshold: critical }]
        allow_bypass_actors: true
        enforced_from: '2024-12-07 17:00'
    - condition:
        rules: { restrict_creations: true, restrict_updates: true, require_linear_history: true, require_pull_request: true }
      enforced_from: EARLIEST
      allow_bypass_actors: false
`)
    expect(policy.form).toBe('earlier')
    expect(policy.gitHubBuild).toEqual({
      disallowReruns: true,
      requireHosted: true,
      allowedGroups: [{ id: null, name: 'GitHub Actions' }],
    })
    const [first, second] = policy.gitHubScm ?? []
    expect(first).toMatchObject({
      enforcedFrom: { since: 'moment', moment: '2024-12-07T17:00:00.000Z' },
      allowBypassActors: true,
    })
    expect(first?.rules.map(({ type }) => type)).toEqual([
      'non_fast_forward',
      'deletion',
      'pull_request',
      'code_scanning',
    ])
    expect(first?.rules[2]?.parameters).toEqual({
      required_approving_review_count: { compare: 'atLeast', value: 1 },
      dismiss_stale_reviews_on_push: { compare: 'equal', value: true },
    })
    expect(first?.rules[3]?.parameters).toEqual({
      code_scanning_tools: {
        compare: 'tools',
        value: [{ tools: ['CodeQL'], alertsThreshold: 'errors', securityAlertsThreshold: 'critical' }],
      },
    })
    expect(second).toMatchObject({ enforcedFrom: { since: 'earliest' }, allowBypassActors: false })
    expect(second?.rules.map(({ type }) => type)).toEqual([
      'creation',
      'update',
      'required_linear_history',
      'pull_request',
    ])
  })

  it('takes the other way of writing that runners are hosted, and not both', () => {
    const runners = (text: string) => `github-build-policies:\n  runners:\n${text}`
    expect(parsePipelinePolicy(runners('    required_github_hosted: true')).gitHubBuild?.requireHosted).toBe(true)
    expect(refused(runners('    required_github_hosted: true\n    require_github_hosted: false'))).toEqual([
      'PIPELINE_POLICY_MALFORMED',
      3,
      29,
    ])
  })

  it('never mixes the two forms', () => {
    const mixed =
      'github-build-policies:\n  disallow_reruns: true\ngithub-policies:\n  build: { disallow_reruns: true }'
    expect(refused(mixed)).toEqual(['PIPELINE_POLICY_FORMS_MIXED', 3, 1])
    // Nor the names of the rules, or of the parameters, of one form within the other.
    expect(refused(constraint('        - type: block_force_pushes'))).toEqual(['PIPELINE_POLICY_RULE_UNKNOWN', 4, 17])
    const earlier = (rule: string) => `github-policies:\n  branch_rulesets:\n    - condition:\n        rules:\n${rule}`
    expect(refused(earlier('          - non_fast_forward'))).toEqual(['PIPELINE_POLICY_RULE_UNKNOWN', 5, 13])
    expect(refused(earlier('          - require_pull_request: { required_approving_review_count: 1 }'))).toEqual([
      'PIPELINE_POLICY_PARAMETER_UNKNOWN',
      5,
      37,
    ])
  })

  it.each([
    ['an unknown section', 'github-build-policy: {}', ['PIPELINE_POLICY_KEY_UNKNOWN', 1, 1]],
    ['an unknown key', 'github-build-policies:\n  invalid-key: abc', ['PIPELINE_POLICY_KEY_UNKNOWN', 2, 3]],
    ['an unknown rule', constraint('        - type: merge_queue'), ['PIPELINE_POLICY_RULE_UNKNOWN', 4, 17]],
    [
      'a rule named like a property',
      constraint('        - type: constructor'),
      ['PIPELINE_POLICY_RULE_UNKNOWN', 4, 17],
    ],
    [
      'an unknown parameter',
      constraint('        - type: pull_request\n          parameters:\n            allowed_merge_methods: [merge]'),
      ['PIPELINE_POLICY_PARAMETER_UNKNOWN', 6, 13],
    ],
    [
      'a parameter of a rule that has none',
      constraint('        - type: deletion\n          parameters: { force: true }'),
      ['PIPELINE_POLICY_PARAMETER_UNKNOWN', 5, 25],
    ],
    [
      'an unknown parameter of a tool',
      constraint(
        '        - type: code_scanning\n          parameters: { code_scanning_tools: [{ tool: A, level: 1 }] }',
      ),
      ['PIPELINE_POLICY_PARAMETER_UNKNOWN', 5, 58],
    ],
    [
      'an unknown threshold',
      constraint(
        '        - type: code_scanning\n          parameters: { code_scanning_tools: [{ tool: A, alerts_threshold: many }] }',
      ),
      ['PIPELINE_POLICY_MALFORMED', 5, 76],
    ],
    ['another version', "github-build-policies:\n  version: '2.0'", ['PIPELINE_POLICY_VERSION_UNKNOWN', 2, 12]],
    ['text in place of true', 'github-build-policies:\n  disallow_reruns: "yes"', ['PIPELINE_POLICY_MALFORMED', 2, 20]],
    ['a key twice', 'github-build-policies: {}\ngithub-build-policies: {}', ['PIPELINE_POLICY_MALFORMED', 2, 1]],
    ['no rules', 'github-scm-policies:\n  ruleset_constraints:\n    - rules: []', ['PIPELINE_POLICY_MALFORMED', 3, 14]],
    ['no constraints', 'github-scm-policies:\n  version: "1.0"', ['PIPELINE_POLICY_MALFORMED', 2, 3]],
    ['a section of nothing', 'github-build-policies:', ['PIPELINE_POLICY_MALFORMED', 1, 23]],
    ['a form before of nothing', 'github-policies: {}', ['PIPELINE_POLICY_MALFORMED', 1, 1]],
    ['two documents', 'github-build-policies: {}\n---\ngithub-scm-policies: {}', ['PIPELINE_POLICY_MALFORMED', 2, 1]],
    ['nothing', '', ['PIPELINE_POLICY_MALFORMED', 1, 1]],
    ['a list', '- a', ['PIPELINE_POLICY_MALFORMED', 1, 1]],
    ['an alias of nothing', 'github-build-policies: *other', ['PIPELINE_POLICY_MALFORMED', 1, 24]],
    ['an unknown tag', 'github-build-policies: !run {}', ['PIPELINE_POLICY_MALFORMED', 1, 24]],
    [
      'a day that is none',
      'github-scm-policies:\n  ruleset_constraints:\n    - enforced_from: 2025-02-31\n      rules: [{ type: deletion }]',
      ['PIPELINE_POLICY_MALFORMED', 3, 22],
    ],
    [
      'the settings of a gitlab project',
      'gitlab-scm-policies:\n  push_rules: { secret: true }',
      ['PIPELINE_POLICY_PARAMETER_UNKNOWN', 2, 17],
    ],
  ])('is refused with its place when it has %s', (_, text, expected) => {
    expect(refused(text)).toEqual(expected)
  })

  it('names what it does not know, and what it does', () => {
    const { message } = refusalOf(constraint('        - type: merge_queue'))
    expect(message).toContain('line 4, column 17')
    expect(message).toContain('"merge_queue"')
    expect(message).toContain('`pull_request`')
  })

  it('may use aliases, as long as what they stand for stays within its bounds', () => {
    const shared = 'github-build-policies:\n  disallow_reruns: &yes true\n  runners: { require_github_hosted: *yes }'
    expect(parsePipelinePolicy(shared).gitHubBuild).toMatchObject({ disallowReruns: true, requireHosted: true })
    const levels = Array.from(
      { length: 9 },
      (_, index) => `l${index + 1}: &l${index + 1} [${`*l${index}, `.repeat(9)}]`,
    )
    expect(refused(['l0: &l0 [a, b]', ...levels].join('\n'))[0]).toBe('PIPELINE_POLICY_TOO_LARGE')
    expect(refused('a: &a [*a]')[0]).toBe('PIPELINE_POLICY_TOO_LARGE')
  })

  it('is refused when it is too long, or nested too deep', () => {
    expect(refused(`#${'x'.repeat(longestPolicy)}`)[0]).toBe('PIPELINE_POLICY_TOO_LARGE')
    expect(refused(`a: ${'['.repeat(100)}${']'.repeat(100)}`)[0]).toBe('PIPELINE_POLICY_TOO_LARGE')
    expect(refused(`${'['.repeat(30_000)}${']'.repeat(30_000)}`)[0]).toBe('PIPELINE_POLICY_MALFORMED')
    expect(refused('- '.repeat(30_000))[0]).toBe('PIPELINE_POLICY_MALFORMED')
  })

  it('of other systems is read by their names', () => {
    const policy = parsePipelinePolicy(`
azure-devops-build-policies:
  disallow_reruns: true
  pools: { require_microsoft_hosted: true, allowed_pools: [Azure Pipelines] }
  required_templates: [templates/secure.yml]
gitlab-build-policies:
  require_protected_ref: true
  allowed_pipeline_sources: [push]
  runners: { require_gitlab_hosted: true }
gitlab-scm-policies:
  protected_branch: { allow_force_push: false, push_access_level: 40 }
  approvals: { approvals_required: 2 }
  push_rules: { max_file_size: 50 }
`)
    expect(policy.azureDevOpsBuild).toMatchObject({ requireHosted: true, requiredTemplates: ['templates/secure.yml'] })
    expect(policy.gitLabBuild).toMatchObject({
      requireProtectedRef: true,
      requireHosted: true,
      allowedPipelineSources: ['push'],
    })
    expect(policy.gitLabScm?.protectedBranch).toEqual({
      allow_force_push: { compare: 'equal', value: false },
      push_access_level: { compare: 'atLeast', value: 40 },
    })
  })
})
