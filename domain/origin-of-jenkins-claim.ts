import { isCommitId } from './commit-id.ts'
import { readFullRef } from './full-ref.ts'
import type { OriginOfClaim } from './origin-of-claim.ts'
import type { SaidOrigin } from './signing-request/claimed-origin.ts'
import { failedCheck, passedCheck } from './verified-origin.ts'

/**
 * The origin that Jenkins' plugin claims, where the link names no Jenkins that could be asked. Worker and signer judge by this one
 * function.
 */
export function originOfJenkinsClaim(claimed: SaidOrigin | null): OriginOfClaim {
  const { url = null, branchName: branch = null, commitId: said = null } = claimed?.repositoryData ?? {}
  const build = claimed?.buildData?.url ?? null
  const commitId = said?.toLowerCase() ?? null
  const compared = { repository: url, branch, commitId, build }
  if (url === null || branch === null || commitId === null || !isCommitId(commitId) || build === null) {
    const message =
      'The submission does not say all of repository, branch, commit (its whole id) and address of its build. The Jenkins plugin sends them; the job must check out its repository with the Git plugin.'
    return {
      origin: null,
      checks: [failedCheck('originComplete', { code: 'ORIGIN_JENKINS_INCOMPLETE', message }, compared)],
    }
  }
  const complete = passedCheck('originComplete', compared)
  // The Git plugin names remote branches: `origin/main`, in full `refs/remotes/origin/main`.
  const ref = readFullRef(branch.replace(/^refs\/remotes\/[^/]+\//, 'refs/heads/'))
  if (ref?.kind === 'pullRequest') {
    const message = `The build is of ${branch}, which somebody proposes. Sign a build of the branch itself.`
    return {
      origin: null,
      checks: [complete, failedCheck('pullRequest', { code: 'ORIGIN_PULL_REQUEST', message }, { branch })],
    }
  }
  return {
    checks: [complete, passedCheck('pullRequest', { branch })],
    origin: {
      repository: { url, id: null, ownerId: null },
      ref: ref ?? { kind: 'branch', name: branch },
      commitId,
      build: {
        ...{ id: build, url: build, attempt: null, definition: null, calledDefinition: null, trigger: null },
        runners: 'unknown',
      },
      actors: [],
    },
  }
}
