import {
  type Artifact,
  failedCheck,
  type Instant,
  isSameDigest,
  type OriginCheck,
  passedCheck,
} from '../../domain/index.ts'
import { pathOf } from '../http-api/index.ts'
import { type ArtifactFacts, artifactAnswer, attemptAnswer, type Repository, type Run } from './answers.ts'
import type { GitHubClient } from './client.ts'

/** The question for an artifact by its id. */
export function artifactQuestion(fullName: string, artifactId: string) {
  return {
    name: 'artifact',
    path: pathOf('repos', ...fullName.split('/'), 'actions', 'artifacts', artifactId),
    schema: artifactAnswer,
    permission: 'actions: read',
  }
}

/** What the check of an artifact depends on. */
export type ArtifactQuestion = {
  readonly repository: Repository
  readonly run: Run
  readonly artifactId: string
  /** By which attempt it must have been made. */
  readonly attempt: number
  /** The bytes that are signed; `null` while they are not there. */
  readonly stored: Artifact | null
}

/** Judges an artifact: it is known by its id, made by the run and the attempt, and is what we have. Names never decide. */
export async function checkArtifact(client: GitHubClient, question: ArtifactQuestion): Promise<OriginCheck[]> {
  const { repository, artifactId, run, attempt, stored } = question
  const found = await client.find(artifactQuestion(repository.full_name, artifactId))
  if (found === null)
    return [
      failedCheck(
        'artifactOfRun',
        {
          code: 'ORIGIN_ARTIFACT_NOT_FOUND',
          message: `${repository.full_name} has no artifact ${artifactId}, or the token lacks actions: read. Submit the id that the upload gave.`,
        },
        { artifactId },
      ),
    ]
  return [
    checkOwner(found, question),
    checkAttempt(found, attempt, await attemptTimes(client, repository, run, attempt)),
    checkDigest(found, stored),
  ]
}

function checkOwner(found: ArtifactFacts, { repository, run, artifactId }: ArtifactQuestion): OriginCheck {
  const { id, repository_id, head_repository_id, head_sha } = found.workflow_run
  const compared = {
    artifactId,
    runOfArtifact: id,
    runId: run.id,
    repositoryOfArtifact: repository_id,
    headRepositoryOfArtifact: head_repository_id,
    repository: repository.id,
    commitOfArtifact: head_sha,
    commit: run.head_sha,
  }
  const fail = (code: string, message: string) => failedCheck('artifactOfRun', { code, message }, compared)
  if (id !== run.id || repository_id !== repository.id || (head_sha ?? run.head_sha) !== run.head_sha)
    return fail(
      'ORIGIN_ARTIFACT_OTHER_RUN',
      `The artifact ${artifactId} was made by the run ${id}, not by ${run.id}. Submit an artifact of the same run.`,
    )
  if ((head_repository_id ?? repository.id) !== repository.id)
    return fail(
      'ORIGIN_FORK_REFUSED',
      `The artifact ${artifactId} was built from a fork. Merge it, and build the branch.`,
    )
  if (found.expired)
    return fail('ORIGIN_ARTIFACT_EXPIRED', `GitHub has deleted the artifact ${artifactId}. Build again.`)
  return passedCheck('artifactOfRun', compared)
}

/** When an attempt began, and the next one, where there is one. */
type AttemptTimes = { readonly began: Instant; readonly nextBegan: Instant | null } | null

async function attemptTimes(
  client: GitHubClient,
  { full_name }: Repository,
  { id, run_attempt }: Run,
  attempt: number,
): Promise<AttemptTimes> {
  if (attempt > run_attempt) return null
  const startOf = async (number: number) => {
    const path = pathOf('repos', ...full_name.split('/'), 'actions', 'runs', id, 'attempts', number)
    return (await client.ask({ name: 'attempt', path, schema: attemptAnswer, permission: 'actions: read' }))
      .run_started_at
  }
  const began = await startOf(attempt)
  return { began, nextBegan: attempt < run_attempt ? await startOf(attempt + 1) : null }
}

/** GitHub does not say by which attempt an artifact was made; when it was made says it. */
function checkAttempt(found: ArtifactFacts, attempt: number, times: AttemptTimes): OriginCheck {
  const compared = {
    attempt,
    createdAt: found.created_at,
    attemptBegan: times?.began,
    nextAttemptBegan: times?.nextBegan,
  }
  const isWithin =
    times !== null &&
    found.created_at >= times.began &&
    (times.nextBegan === null || found.created_at < times.nextBegan)
  if (isWithin) return passedCheck('artifactOfAttempt', compared)
  return failedCheck(
    'artifactOfAttempt',
    {
      code: 'ORIGIN_ARTIFACT_OTHER_ATTEMPT',
      message: `The artifact was not made by attempt ${attempt} of the run. Re-run all jobs, so that it is built again, or submit it as that of the attempt that made it.`,
    },
    compared,
  )
}

/** The digest is that of what was uploaded: of the ZIP, unless it was uploaded with `archive: false`. */
function checkDigest({ digest }: ArtifactFacts, stored: Artifact | null): OriginCheck {
  const told = /^sha256:([0-9a-f]{64})$/i.exec(digest ?? '')?.[1]?.toLowerCase() ?? null
  const compared = { digestByGitHub: digest, sha256: stored?.sha256, of: 'the file as it was uploaded to GitHub' }
  if (told === null || stored === null || isSameDigest(told, stored.sha256)) return passedCheck('digest', compared)
  return failedCheck(
    'digest',
    {
      code: 'ORIGIN_ARTIFACT_MISMATCH',
      message: `The bytes that are to be signed have another SHA-256 than GitHub names for the artifact. Submit the artifact as it was uploaded: the ZIP, unless it was uploaded with \`archive: false\`.`,
    },
    compared,
  )
}
