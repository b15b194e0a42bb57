import { Refusal } from '../../../domain/index.ts'
import { longestPolicy, parsePipelinePolicy } from '../../../origin/pipeline-policies/index.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

const current = `github-build-policies:
  version: '1.0'
  disallow_reruns: true
  runners:
    require_github_hosted: true
    allowed_groups: [Hardened Runners, { id: 7, name: Others }]
github-scm-policies:
  version: "1.0"
  ruleset_constraints:
    - enforced_from: 2025-01-01
      allow_bypass_actors: false
      rules: &rules
        - type: non_fast_forward
        - type: pull_request
          parameters: { required_approving_review_count: 2, require_last_push_approval: true }
    - enforced_from: EARLIEST
      rules: *rules
`
const earlier = `github-policies:
  runners: { allowed_groups: [a], require_github_hosted: true }
  build: { disallow_reruns: true }
  branch_rulesets:
    - condition:
        rules:
          - block_force_pushes
          - require_pull_request: { min_required_approvals: 1 }
        allow_bypass_actors: false
        enforced_from: EARLIEST
`

/**
 * Pipeline policies, which anybody who may push to a repository can write: each is read, or refused with a code and, but for one that
 * is too long, the place. What is read is the same when it is read again.
 */
export const target: FuzzTarget = {
  name: 'pipeline-policy',
  shortCount: 60,
  run: (request) =>
    fuzzInputs(request, async (random, seed) => {
      const text = policy(random)
      const input = Buffer.from(text)
      try {
        const read = parsePipelinePolicy(text)
        if (JSON.stringify(read) !== JSON.stringify(parsePipelinePolicy(text)))
          throw new FuzzFailure(seed, input, 'it is read in two ways')
        return read.form
      } catch (error) {
        if (error instanceof FuzzFailure) throw error
        const isPlaced =
          error instanceof Refusal && (typeof error.details.line === 'number' || text.length > longestPolicy)
        if (isPlaced && /^PIPELINE_POLICY_/.test(error.code)) return error.code
        throw new FuzzFailure(seed, input, 'no refusal that says where', { cause: error })
      }
    }),
}

function policy(random: SeededRandom): string {
  let bytes = Buffer.from(random.oneOf([current, earlier]))
  switch (random.below(8)) {
    case 0:
      return `${'['.repeat(random.below(400))}${bytes}`
    case 1:
      return `${bytes}\n${bytes}`
    case 2:
      return bytes.toString().repeat(1 + random.below(200))
    default:
      for (let times = 1 + random.below(4); times > 0; times -= 1) bytes = Buffer.from(mutateBytes(bytes, random))
      return bytes.toString('utf8')
  }
}
