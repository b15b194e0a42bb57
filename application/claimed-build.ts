import { randomUUID } from 'node:crypto'
import {
  type BuildReference,
  type BuildSecretId,
  checkedBuild,
  type DemandedOrigin,
  type Instant,
  type OrganizationId,
  type Project,
  requireLinked,
  type SaidOrigin,
  type TrustedBuildSystem,
} from '../domain/index.ts'
import type { BuildQuestion, SubmittedBuild } from './build-ports.ts'
import type { Caller } from './caller.ts'
import { vouchingSystem } from './claimed-origin.ts'
import type { KeptSecret } from './kept-secrets.ts'
import type { ApplicationDependencies } from './ports.ts'
import type { SubmissionChoices } from './submission.ts'
import { withTokenOfJob } from './submitting-job.ts'

/** What was checked of a submission that its build is asked about with. */
export type CheckedBuild = {
  readonly project: Pick<Project, 'projectId' | 'slug'>
  readonly signingPolicySlug: string
  /** What is said of the origin, as the event will say it. */
  readonly origin: SaidOrigin | null
  readonly originVerification: DemandedOrigin | null
  readonly build: ClaimedBuild
  /** The build system that is to be asked where the artifact comes from; `null` where none is. */
  readonly asked: TrustedBuildSystem | null
}

/** A build that a submission says it comes from. */
export type ClaimedBuild = {
  /** As the event will say it; `null` when nothing is said. */
  readonly reference: BuildReference | null
  /** What is secret about it, by name. */
  readonly secrets: SubmittedBuild['secrets']
}

/** What is said of a build where nothing is. */
export const noBuild: ClaimedBuild = { reference: null, secrets: {} }

/** So long sealed secrets of a build are kept at the most, in milliseconds: a request may wait for its build system. */
const longestKeptMs = 30 * 24 * 3_600_000

/**
 * The build that a submission says it comes from. Only a trusted build system that is linked with the project may say one.
 *
 * @param asked the build system that is to be asked, where the origin is to be verified: then the submission must say what that needs
 * @throws Refusal `ORIGIN_NOT_VOUCHED`, `TRUSTED_BUILD_SYSTEM_…`, `ORIGIN_BUILD_INVALID`, `ORIGIN_BUILD_TOO_LARGE`, `ORIGIN_SECRET_…`
 */
export async function claimedBuild(
  { log, buildSystems }: Pick<ApplicationDependencies, 'log' | 'buildSystems'>,
  caller: Caller,
  { build }: Pick<SubmissionChoices, 'build'>,
  { projectId }: Pick<Project, 'projectId'>,
  asked: TrustedBuildSystem | null,
): Promise<ClaimedBuild> {
  const given = build ?? { fields: {}, secrets: {} }
  // Where nobody is asked, the token is not kept: it is used, and that is all.
  const said = asked === null ? given : withTokenOfJob(caller, given)
  const isSaid = [said.fields, said.secrets].some((part) => Object.keys(part).length > 0)
  if (!isSaid && asked === null) return noBuild
  const { kind } = asked ?? (await vouchingSystem(log, caller, projectId, 'build'))
  const { fields, secrets } = buildSystems.checkBuild(kind, said, asked !== null)
  if (!isSaid) return noBuild
  const named = Object.keys(secrets).map((name) => ({ name, secretId: randomUUID() as BuildSecretId }))
  return { reference: checkedBuild({ fields, secrets: named }), secrets }
}

/**
 * Asks before anything is recorded what can be asked then of the build of a submission.
 *
 * @throws as `Builds.verify`
 */
export async function verifyBuild(
  { builds }: Pick<ApplicationDependencies, 'builds'>,
  { organizationId, vouchedBy }: Caller,
  { asked, build, origin, originVerification, project, signingPolicySlug }: CheckedBuild,
  { signingRequestId, artifact, isWhole = false }: Pick<BuildQuestion, 'signingRequestId' | 'artifact' | 'isWhole'>,
): Promise<void> {
  if (asked === null || originVerification === null) return
  await builds.verify({
    ...{ organizationId, signingRequestId, kind: asked.kind },
    link: requireLinked(asked, project.projectId),
    fields: build.reference?.fields ?? {},
    secrets: build.secrets,
    artifact,
    isWhole,
    claimed: origin,
    node: vouchedBy?.node ?? null,
    project: { slug: project.slug, repositoryUrl: originVerification.repositoryUrl },
    signingPolicy: { slug: signingPolicySlug },
  })
}

/** What is secret about a build, and where it is to be kept until its origin is known. */
export function secretsOfBuild(
  organizationId: OrganizationId,
  { reference, secrets }: ClaimedBuild,
  now: Instant,
): readonly KeptSecret[] {
  const expiresAt = new Date(Date.parse(now) + longestKeptMs).toISOString()
  return (reference?.secrets ?? []).map(({ name, secretId: id }) => ({
    place: { organizationId, purpose: 'buildSecret', id },
    text: secrets[name] ?? '',
    expiresAt,
  }))
}
