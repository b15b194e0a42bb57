import {
  type Artifact,
  buildInvalid,
  type Project,
  Refusal,
  requireProjectInScope,
  type SigningRequestId,
} from '../domain/index.ts'
import type { SubmittedBuild } from './build-ports.ts'
import type { Caller, CallingJob } from './caller.ts'
import type { ApplicationDependencies } from './ports.ts'

/** What the connectors of all kinds whose jobs have identity tokens call such a token. */
const secretName = 'identityToken'

/**
 * What is said of the build, with the token by which its job calls: that proves where the artifact comes from, too.
 *
 * @throws Refusal `ORIGIN_BUILD_INVALID` when another token comes with the build
 */
export function withTokenOfJob({ job }: Pick<Caller, 'job'>, build: SubmittedBuild): SubmittedBuild {
  if (job === undefined) return build
  if (Object.keys(build.secrets).some((name) => name.toLowerCase() === secretName.toLowerCase()))
    throw buildInvalid(
      ['the job calls by its identity token, which counts for its build: leave the secret identityToken out'],
      `build.secrets.${secretName}`,
    )
  return { ...build, secrets: { ...build.secrets, [secretName]: job.reveal() } }
}

/** What a job submits. */
type JobSubmission = {
  readonly signingRequestId: SigningRequestId
  readonly project: Pick<Project, 'projectId'>
  /** What is known of the artifact; `null` when nothing is. */
  readonly artifact: Artifact | null
  /** Whether the token is held against the artifact again once that is there, as where the origin is verified. */
  readonly isComparedLater: boolean
}

/**
 * Has the token by which a job calls used for its submission, and for no other one. Does nothing for callers with an API token.
 *
 * @throws Refusal `IDENTITY_TOKEN_USED`, `IDENTITY_TOKEN_OTHER_ARTIFACT`, `IDENTITY_TOKEN_ARTIFACT_UNNAMED`,
 *   `IDENTITY_TOKEN_ARTIFACT_UNKNOWN`, `API_TOKEN_SCOPE_EXCEEDED`, as `Builds.verifyJob`; what may pass: `IDENTITY_TOKEN_…`
 */
export async function useJob(
  { builds }: Pick<ApplicationDependencies, 'builds'>,
  { job, scope }: Pick<Caller, 'job' | 'scope'>,
  { signingRequestId, project: { projectId }, artifact, isComparedLater }: JobSubmission,
): Promise<void> {
  if (job === undefined) return
  requireProjectInScope(scope, projectId)
  const link = job.links.find((each) => each.projectId === projectId)
  if (link !== undefined && artifact !== null) await builds.verifyJob(link, job.reveal(), artifact)
  const isNamed = job.token.boundTo !== null || link?.settings.requireArtifactDigest === true
  if (artifact === null && !isComparedLater && isNamed) throw artifactUnknown(job)
  await builds.useJob(job.token, signingRequestId)
}

function artifactUnknown({ token: { boundTo } }: CallingJob): Refusal {
  const named = boundTo === null ? 'one artifact alone' : `the artifact of the SHA-256 ${boundTo}`
  return new Refusal(
    'IDENTITY_TOKEN_ARTIFACT_UNKNOWN',
    `The identity token must be for ${named}, and the submission does not say which one it will be. Say its SHA-256.`,
  )
}
