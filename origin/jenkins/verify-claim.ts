import type { VerifiedOrigin } from '../../domain/verified-origin.ts'
import type { OriginFinding, OriginQuestion } from '../connector.ts'
import { type CheckList, createCheckList, isCommitId, readFullRef } from '../reading/index.ts'
import type { JenkinsBuild, JenkinsSettings } from './forms.ts'

type Question = OriginQuestion<JenkinsSettings, JenkinsBuild>

/** Takes what Jenkins' plugin says of its build: the token proved that it is that Jenkins; nothing else is asked. */
export function verifyClaim({ claimed, build, artifact }: Question): OriginFinding {
  const checks = createCheckList()
  const url = claimed?.repositoryData?.url ?? null
  const branch = claimed?.repositoryData?.branchName ?? null
  const commitId = claimed?.repositoryData?.commitId?.toLowerCase() ?? null
  const buildUrl = claimed?.buildData?.url ?? null
  const isCommit = commitId !== null && isCommitId(commitId)
  const isComplete = url !== null && branch !== null && isCommit && buildUrl !== null
  checks.add(
    'originComplete',
    { repository: url, branch, commitId, build: buildUrl },
    !isComplete && {
      code: 'ORIGIN_JENKINS_INCOMPLETE',
      message:
        'The submission does not say all of repository, branch, commit (its whole id) and address of its build. The Jenkins plugin sends them; the job must check out its repository with the Git plugin.',
    },
  )
  judgeDigest(checks, build, artifact)
  if (!isComplete) return { origin: null, proof: 'claim', checks: checks.made, evidence: [] }
  const ref = readFullRef(branch.replace(/^refs\/remotes\/[^/]+\//, 'refs/heads/'))
  const isPullRequest = ref?.kind === 'pullRequest'
  checks.add(
    'pullRequest',
    { branch },
    isPullRequest && {
      code: 'ORIGIN_PULL_REQUEST',
      message: `The build is of ${branch}, which somebody proposes. Sign a build of the branch itself.`,
    },
  )
  const origin: VerifiedOrigin = {
    repository: { url, id: null, ownerId: null },
    ref: ref === undefined || isPullRequest ? { kind: 'branch', name: branch } : ref,
    commitId,
    build: {
      ...{ id: buildUrl, url: buildUrl, attempt: null, definition: null, calledDefinition: null, trigger: null },
      runners: 'unknown',
    },
    actors: [],
  }
  return { origin: isPullRequest ? null : origin, proof: 'claim', checks: checks.made, evidence: [] }
}

/** Compares the artifact with what was announced of it, where both are there. */
export function judgeDigest(
  checks: CheckList,
  { sha256 }: Pick<JenkinsBuild, 'sha256'>,
  artifact: Question['artifact'],
): void {
  if (!sha256 || artifact === null) return
  checks.add(
    'artifactAnnounced',
    { announced: sha256, artifact: artifact.sha256 },
    sha256 !== artifact.sha256 && {
      code: 'ORIGIN_ARTIFACT_DIFFERENT',
      message:
        'The artifact is not the one that Jenkins announced: its SHA-256 is another. Submit the archived artifact of the build.',
    },
  )
}
