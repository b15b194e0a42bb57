import { createHash } from 'node:crypto'
import {
  activeProject,
  asSlug,
  buildInvalid,
  canonicalJson,
  Refusal,
  requireLinked,
  type Sha256Digest,
  streams,
  type TrustedBuildSystem,
  type TrustedBuildSystemKind,
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
  const { vouchedBy } = caller
  const holder = name === null ? vouchedBy?.trustedBuildSystemId : await holderOf(log, caller, name)
  const system =
    holder && (await loadOwn(log, streams.trustedBuildSystem(holder), trustedBuildSystemDecider, caller)).state
  if (system && system.status !== 'none' && (kind === null || system.kind === kind)) {
    if (vouchedBy === undefined || vouchedBy.trustedBuildSystemId === system.trustedBuildSystemId) return system
  }
  throw new Refusal(
    'TRUSTED_BUILD_SYSTEM_NOT_FOUND',
    name === null
      ? 'No trusted build system is named, and none vouches for the call. Name the one that has the artifact by its slug.'
      : `There is no trusted build system ${JSON.stringify(name.slice(0, 100))}${kind === null ? '' : ` of the kind ${kind}`}${vouchedBy === undefined ? '' : ' whose token came with the call'}. It is named by its slug: by the address that a plugin calls, or by the submission.`,
  )
}

/** The build system that has a slug. */
async function holderOf(log: ApplicationDependencies['log'], { organizationId }: Caller, name: string) {
  const slug = asSlug(name)
  if (slug === undefined) return undefined
  const stream = trustedBuildSystemSlugStream(organizationId, slug)
  return (await load(log, stream, trustedBuildSystemSlugDecider)).state.holder
}

/** By what the same submission is known again: all that it says but its secrets, and files that are uploaded anew each time. */
function keyOf(
  { trustedBuildSystemId }: TrustedBuildSystem,
  { choices: { idempotencyKey: _, origin: _origin, ...choices }, build, artifact }: BuildArtifactSubmission,
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
    const { sha256 = null } = artifact
    const name = artifact.name ?? nameOfFetched(dependencies, kind, build)
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
 * What a build calls its artifact that is fetched.
 *
 * @throws Refusal `ORIGIN_FETCH_UNSUPPORTED`, `ORIGIN_BUILD_INVALID`, `ORIGIN_SECRET_UNKNOWN`
 */
function nameOfFetched(
  { buildSystems }: Pick<ApplicationDependencies, 'buildSystems'>,
  kind: TrustedBuildSystemKind,
  build: SubmittedBuild,
): string {
  const field = buildSystems.artifactField(kind)
  if (field === undefined)
    throw new Refusal(
      'ORIGIN_FETCH_UNSUPPORTED',
      `Artifacts of a build system of the kind ${kind} are not fetched: upload the artifact, or name a link.`,
      { kind },
    )
  const name = buildSystems.checkBuild(kind, build, false).fields[field]
  if (name !== undefined && name !== null && name !== '') return String(name)
  throw buildInvalid([`build.${field}: it must be said, since the artifact is fetched by it`], `build.${field}`)
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
