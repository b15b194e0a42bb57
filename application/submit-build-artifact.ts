import { createHash } from 'node:crypto'
import {
  activeProject,
  asSlug,
  canonicalJson,
  Refusal,
  requireLinked,
  type Sha256Digest,
  streams,
  type TrustedBuildSystem,
  trustedBuildSystemDecider,
  trustedBuildSystemSlugDecider,
  vouchesFor,
} from '../domain/index.ts'
import type { SubmittedBuild } from './build-ports.ts'
import type { Caller } from './caller.ts'
import type { SigningRequestChanged } from './change-signing-request.ts'
import { connectorOf, permittedTarget, vouchedByLink } from './linked-submission.ts'
import { load, loadOwn } from './load.ts'
import type { ApplicationDependencies, SubmittedSource } from './ports.ts'
import { trustedBuildSystemSlugStream } from './slug-streams.ts'
import type { BuildArtifactSubmission } from './submission.ts'
import type { SubmissionTarget } from './submission-target.ts'
import { submitSigningRequest } from './submit-signing-request.ts'

/**
 * Submits an artifact of a build as plugins of build systems do: they name the build and bring an API token, and mostly nothing that only
 * the build system has. So it is asked, through its link with the project, and vouches for no more than its answers say. A token of the
 * build system that comes with the call counts as it does anywhere.
 *
 * A build that submits the same artifact again finds its first request, whatever has become of it, unless it brings an idempotency key:
 * a job that runs again can so fetch what the first run had signed, also where a rule refuses runs that are repeated.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `ORIGIN_ANNOUNCEMENT_…`; as `submitSigningRequest`
 */
export async function submitBuildArtifact(
  dependencies: ApplicationDependencies,
  caller: Caller,
  submission: BuildArtifactSubmission,
): Promise<SigningRequestChanged> {
  const { choices, build } = submission
  const target = await permittedTarget(dependencies, caller, choices)
  const system = await namedSystem(dependencies, caller, submission)
  return submitSigningRequest(dependencies, vouchedByLink(caller, system), {
    ...choices,
    build,
    isBuildCheckedFirst: true,
    idempotencyKey: choices.idempotencyKey ?? keyOf(system, submission),
    source: await sourceOf(dependencies, { caller, system, target }, submission),
  })
}

/** The build system of a slug. One that vouches by its token must be that one. @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND` */
async function namedSystem(
  { log }: Pick<ApplicationDependencies, 'log'>,
  caller: Caller,
  { kind, buildSystem: name }: Pick<BuildArtifactSubmission, 'kind' | 'buildSystem'>,
): Promise<TrustedBuildSystem> {
  const slug = asSlug(name)
  const holder =
    slug === undefined
      ? undefined
      : (await load(log, trustedBuildSystemSlugStream(caller.organizationId, slug), trustedBuildSystemSlugDecider))
          .state.holder
  const system =
    holder && (await loadOwn(log, streams.trustedBuildSystem(holder), trustedBuildSystemDecider, caller)).state
  const { vouchedBy } = caller
  if (system && system.status !== 'none' && system.kind === kind) {
    if (vouchedBy === undefined || vouchedBy.trustedBuildSystemId === system.trustedBuildSystemId) return system
  }
  throw new Refusal(
    'TRUSTED_BUILD_SYSTEM_NOT_FOUND',
    `There is no trusted build system ${JSON.stringify(name.slice(0, 100))} of the kind ${kind}${vouchedBy === undefined ? '' : ' whose token came with the call'}. The address that the plugin calls names one by its slug.`,
  )
}

/** By what the same submission is known again: all that it says but its secrets. */
function keyOf(
  { trustedBuildSystemId }: TrustedBuildSystem,
  { choices: { idempotencyKey: _, ...choices }, build, artifact }: BuildArtifactSubmission,
): string {
  const from = artifact.kind === 'link' ? { kind: artifact.kind, fileName: artifact.fileName } : artifact
  const said = canonicalJson({ trustedBuildSystemId, choices, build: build.fields, artifact: from })
  return `build:${createHash('sha256').update(said).digest('hex')}`
}

/** Who submits, which build system is asked, and to which policy it goes. */
type Submitting = { readonly caller: Caller; readonly system: TrustedBuildSystem; readonly target: SubmissionTarget }

async function sourceOf(
  dependencies: ApplicationDependencies,
  submitting: Submitting,
  { artifact, build }: BuildArtifactSubmission,
): Promise<SubmittedSource> {
  const { trustedBuildSystemId, kind } = submitting.system
  if (artifact.kind === 'fetched') {
    const { name, sha256 = null } = artifact
    const connector = connectorOf(kind)
    return { kind: 'buildArtifact', trustedBuildSystemId, connector, build: build.fields, artifact: name, sha256 }
  }
  const { fileName } = artifact
  const sha256 = await announcedDigest(dependencies, submitting, build)
  return artifact.kind === 'link'
    ? { kind: 'link', url: artifact.url, fileName, sha256, headers: artifact.headers ?? null }
    : { kind: 'announcedUpload', fileName, sha256 }
}

/**
 * The SHA-256 that the build archived of its artifact.
 *
 * @throws Refusal `PROJECT_INACTIVE`, `TRUSTED_BUILD_SYSTEM_…`, `ORIGIN_…`
 */
async function announcedDigest(
  { builds, buildSystems }: Pick<ApplicationDependencies, 'builds' | 'buildSystems'>,
  { caller, system, target }: Submitting,
  build: SubmittedBuild,
): Promise<Sha256Digest> {
  const { projectId, slug, repositoryUrl } = activeProject(target.project)
  const { kind } = vouchesFor(system, projectId)
  const { fields, secrets } = buildSystems.checkBuild(kind, build, false)
  return builds.announcedDigest({
    ...{ organizationId: caller.organizationId, kind, fields, secrets },
    ...{ signingRequestId: null, artifact: null, claimed: null },
    link: requireLinked(system, projectId),
    node: caller.vouchedBy?.node ?? null,
    project: { slug, repositoryUrl: repositoryUrl ?? '' },
    signingPolicy: { slug: target.policy.slug },
  })
}
