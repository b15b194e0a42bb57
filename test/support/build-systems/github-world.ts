import { createHash } from 'node:crypto'
import { buildZip } from '../zip-builder.ts'

/** A permission of a token, as GitHub names it. */
export type GitHubPermission = 'actions' | 'contents' | 'metadata' | 'organization_administration'

/** A commit of the build that is right. */
export const commit = '1f0c7a4e5b1d2c3f4a5b6c7d8e9f0a1b2c3d4e5f'
/** The commit at which the branch stands: one that came after. */
export const branchHead = '2222222222222222222222222222222222222222'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** What a stand-in for GitHub knows. Tests change it so that a build is wrong in one way. */
export type GitHubWorld = ReturnType<typeof rightGitHub>

/** A repository, a run, and an artifact with which nothing is wrong. */
export function rightGitHub() {
  const artifactBytes: Buffer = buildZip([{ name: 'program.exe', content: 'MZ of a program' }])
  return {
    token: 'ghs_job-token-canary',
    permissions: new Set<GitHubPermission>(['actions', 'contents', 'metadata', 'organization_administration']),
    /** Answers in place of all others: 503, 429 … */
    outage: null as null | { status: number; headers?: Record<string, string>; body?: unknown },
    /** Fields that are left out of every answer. */
    leftOut: new Set<string>(),
    repository: {
      id: 1001,
      full_name: 'Example/program',
      html_url: 'https://github.test/Example/program',
      default_branch: 'main',
      private: true,
      temp_clone_token: 'clone-token-canary',
      owner: { id: 77, login: 'Example', type: 'Organization' },
    },
    run: {
      id: 5001,
      run_attempt: 1,
      status: 'in_progress' as string | null,
      conclusion: null as string | null,
      event: 'push',
      head_branch: 'main' as string | null,
      head_sha: commit,
      html_url: 'https://github.test/Example/program/actions/runs/5001',
      path: '.github/workflows/release.yml',
      repository: { id: 1001 },
      head_repository: { id: 1001 } as { id: number } | null,
      actor: { id: 9, login: 'ada' } as { id: number; login: string } | null,
      triggering_actor: { id: 9, login: 'ada' } as { id: number; login: string } | null,
      // Runs name the open pull requests of their branch, whatever began them.
      pull_requests: [{ id: 3, number: 4 }],
    },
    /** When each attempt began; the first is the first. */
    attempts: ['2026-11-30T07:00:00Z'],
    jobs: [job({ id: 1, name: 'build' }), job({ id: 2, name: 'sign', status: 'in_progress', conclusion: null })],
    artifact: {
      id: 7001,
      name: 'program',
      size_in_bytes: 1,
      expired: false,
      created_at: '2026-11-30T07:05:00Z',
      digest: `sha256:${sha256(artifactBytes)}` as string | null,
      workflow_run: {
        id: 5001,
        repository_id: 1001,
        head_repository_id: 1001,
        head_branch: 'main',
        head_sha: commit,
      },
    },
    artifactBytes,
    /** What the store does: give the file, cut it, or refuse. */
    store: 'gives' as 'gives' | 'cuts' | 'refuses',
    branches: { main: branchHead } as Record<string, string>,
    /** Tags, and what they stand for: a commit, or a tag object. */
    tags: {} as Record<string, { sha: string; type: 'commit' | 'tag' }>,
    tagObjects: {} as Record<string, { sha: string; type: string }>,
    /** `base...head` and what comparing them says; what is not there shares no history. */
    comparisons: { [`${commit}...${branchHead}`]: 'ahead' } as Record<string, string>,
    rulesets: [ruleset()],
    /** Ids of rulesets whose rules hold for a branch. */
    branchRulesets: { main: [42] } as Record<string, number[]>,
    /** The organization's audit log; `null`: not one of an enterprise. */
    auditLog: null as null | Record<string, unknown>[],
    /** How its answers name the cursor of the next page. */
    auditCursor: 'after',
    /** Files by `owner/name`, commit and path. */
    files: {} as Record<string, { type: string; content: string | Uint8Array }>,
    otherRepositories: {} as Record<string, { id: number; default_branch: string; head: string }>,
  }
}

/** A job of GitHub's own machines. */
export function job(changed: Record<string, unknown> = {}) {
  return {
    id: 1,
    run_id: 5001,
    run_attempt: 1,
    name: 'build',
    status: 'completed',
    conclusion: 'success' as string | null,
    labels: ['ubuntu-latest'],
    steps: [{ name: 'Set up job', number: 1 }],
    runner_id: 3 as number | null,
    runner_name: 'GitHub Actions 3' as string | null,
    runner_group_id: 0 as number | null,
    runner_group_name: 'GitHub Actions' as string | null,
    ...changed,
  }
}

/** A ruleset that forbids force pushes to the branch. */
export function ruleset(changed: Record<string, unknown> = {}) {
  return {
    id: 42,
    name: 'protect main',
    target: 'branch',
    source_type: 'Repository',
    source: 'Example/program',
    enforcement: 'active',
    bypass_actors: [] as Record<string, unknown>[] | undefined,
    created_at: '2025-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00.000+02:00',
    rules: [{ type: 'non_fast_forward' }] as Record<string, unknown>[],
    ...changed,
  }
}

type Change = (world: GitHubWorld) => void

/** Each way in which a build can be wrong: what is changed about one that is right, and the code that it is refused with. */
export const gitHubFaults: Readonly<Record<string, { readonly change: Change; readonly code: string }>> = {
  'a run of another repository, by its id': {
    change: ({ run }) => Object.assign(run, { repository: { id: 2002 } }),
    code: 'ORIGIN_RUN_OTHER_REPOSITORY',
  },
  'a run that is not there': { change: ({ run }) => Object.assign(run, { id: 5999 }), code: 'ORIGIN_RUN_NOT_FOUND' },
  "a fork's branch with the same name": {
    change: ({ run }) => Object.assign(run, { head_repository: { id: 3003 } }),
    code: 'ORIGIN_FORK_REFUSED',
  },
  'a fork that was deleted': {
    change: ({ run }) => Object.assign(run, { head_repository: null }),
    code: 'ORIGIN_FORK_REFUSED',
  },
  'a pull request': {
    change: ({ run }) => Object.assign(run, { event: 'pull_request', head_branch: 'refs/pull/4/merge' }),
    code: 'ORIGIN_PULL_REQUEST',
  },
  'a pull request of the branch, which its event alone says': {
    change: ({ run }) => Object.assign(run, { event: 'pull_request_target' }),
    code: 'ORIGIN_PULL_REQUEST',
  },
  'a run that another one began': {
    change: ({ run }) => Object.assign(run, { event: 'workflow_run' }),
    code: 'ORIGIN_EVENT_REFUSED',
  },
  'a merge queue': { change: ({ run }) => Object.assign(run, { event: 'merge_group' }), code: 'ORIGIN_EVENT_REFUSED' },
  'a comment': { change: ({ run }) => Object.assign(run, { event: 'issue_comment' }), code: 'ORIGIN_EVENT_REFUSED' },
  'a branch that is gone': { change: (world) => void delete world.branches.main, code: 'ORIGIN_REF_NOT_FOUND' },
  'no branch at all': {
    change: ({ run }) => Object.assign(run, { head_branch: null }),
    code: 'ORIGIN_REF_NOT_FOUND',
  },
  'a tag that is named like the branch': {
    change: (world) => Object.assign(world.tags, { main: { sha: commit, type: 'commit' } }),
    code: 'ORIGIN_REF_AMBIGUOUS',
  },
  'a branch that was moved away from the commit': {
    change: (world) => Object.assign(world, { comparisons: { [`${commit}...${branchHead}`]: 'diverged' } }),
    code: 'ORIGIN_COMMIT_NOT_IN_BRANCH',
  },
  'a branch that was moved back behind the commit': {
    change: (world) => Object.assign(world, { comparisons: { [`${commit}...${branchHead}`]: 'behind' } }),
    code: 'ORIGIN_COMMIT_NOT_IN_BRANCH',
  },
  "a commit of a fork's": {
    change: (world) => Object.assign(world, { comparisons: {} }),
    code: 'ORIGIN_COMMIT_NOT_IN_BRANCH',
  },
  'an artifact of another run': {
    change: ({ artifact }) => Object.assign(artifact.workflow_run, { id: 5002 }),
    code: 'ORIGIN_ARTIFACT_OTHER_RUN',
  },
  'an artifact of another commit': {
    change: ({ artifact }) => Object.assign(artifact.workflow_run, { head_sha: branchHead }),
    code: 'ORIGIN_ARTIFACT_OTHER_RUN',
  },
  "an artifact of a fork's": {
    change: ({ artifact }) => Object.assign(artifact.workflow_run, { head_repository_id: 3003 }),
    code: 'ORIGIN_FORK_REFUSED',
  },
  'an artifact that is not there': {
    change: ({ artifact }) => Object.assign(artifact, { id: 7999 }),
    code: 'ORIGIN_ARTIFACT_NOT_FOUND',
  },
  'an artifact that has expired': {
    change: ({ artifact }) => Object.assign(artifact, { expired: true }),
    code: 'ORIGIN_ARTIFACT_EXPIRED',
  },
  'an artifact that an earlier attempt made': {
    change: (world) => {
      world.attempts.push('2026-11-30T07:30:00Z')
      world.run.run_attempt = 2
      world.jobs.push(job({ id: 3, run_attempt: 2 }))
    },
    code: 'ORIGIN_ARTIFACT_OTHER_ATTEMPT',
  },
  'other bytes than GitHub has': {
    change: ({ artifact }) => Object.assign(artifact, { digest: `sha256:${'0'.repeat(64)}` }),
    code: 'ORIGIN_ARTIFACT_MISMATCH',
  },
  'a run that failed': {
    change: ({ run }) => Object.assign(run, { status: 'completed', conclusion: 'failure' }),
    code: 'ORIGIN_BUILD_FAILED',
  },
  'a run that was cancelled': {
    change: ({ run }) => Object.assign(run, { status: 'completed', conclusion: 'cancelled' }),
    code: 'ORIGIN_BUILD_FAILED',
  },
  'an attempt whose jobs are not told': {
    change: (world) => {
      world.attempts = ['2026-11-30T06:00:00Z', '2026-11-30T07:00:00Z']
      world.run.run_attempt = 2
    },
    code: 'ORIGIN_JOBS_INCOMPLETE',
  },
  'a token that may not read actions': {
    change: ({ permissions }) => void permissions.delete('actions'),
    code: 'ORIGIN_API_FORBIDDEN',
  },
  'a token that may not read contents': {
    change: ({ permissions }) => void permissions.delete('contents'),
    code: 'ORIGIN_API_FORBIDDEN',
  },
  'a token that was withdrawn': {
    change: (world) => Object.assign(world, { token: 'another' }),
    code: 'ORIGIN_API_UNAUTHENTICATED',
  },
  'an answer without a field that is needed': {
    change: ({ leftOut }) => void leftOut.add('head_repository'),
    code: 'ORIGIN_ANSWER_INCOMPLETE',
  },
}
