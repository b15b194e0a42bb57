import {
  type ClaimedOrigin,
  type Project,
  parseSaidOrigin,
  Refusal,
  streams,
  type TrustedBuildSystem,
  trustedBuildSystemDecider,
  vouchesFor,
} from '../domain/index.ts'
import type { Caller } from './caller.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import type { SubmissionChoices, SubmittedOrigin } from './submission.ts'

/**
 * The origin that a submission claims, as its event will say it. Only a trusted build system that is linked with the project may
 * claim one: from anybody else it would only look as if it were known.
 *
 * @returns `null` when none is claimed
 * @throws Refusal `ORIGIN_NOT_VOUCHED`, `TRUSTED_BUILD_SYSTEM_…`, `NAME_MALFORMED`, `ORIGIN_URL_MALFORMED`, `UPLOAD_NOT_FOUND`,
 *   `SOURCE_SUMMARIES_TOO_MANY`
 */
export async function claimedOrigin(
  { log, sources }: Pick<ApplicationDependencies, 'log' | 'sources'>,
  caller: Caller,
  { origin = null }: Pick<SubmissionChoices, 'origin'>,
  { projectId }: Pick<Project, 'projectId'>,
): Promise<ClaimedOrigin | null> {
  if (origin === null) return null
  const { organizationId, userId } = caller
  const { trustedBuildSystemId } = await vouchingSystem(log, caller, projectId, 'origin')
  const { repositoryData, buildData } = origin
  const context = { organizationId, userId, projectId }
  const file = settingsFileOf(origin)
  const found = file && (await sources.check(file, context))
  const summaries = summariesOf(origin)
  if (summaries.length > mostSummaries)
    throw new Refusal(
      'SOURCE_SUMMARIES_TOO_MANY',
      `A submission brings ${mostSummaries} verification summaries of its source at the most; got ${summaries.length}.`,
      { limit: mostSummaries },
    )
  const said = parseSaidOrigin({
    repositoryData,
    buildData: buildData && { url: buildData.url, buildSettingsFile: found ? artifactOf(found) : null },
    sourceSummaries: await Promise.all(summaries.map(async (each) => artifactOf(await sources.check(each, context)))),
  })
  return said === null ? null : { ...said, trustedBuildSystemId }
}

/** So many verification summaries come with a submission. */
const mostSummaries = 10

/** The files that say where an artifact comes from, as uploads. */
export function filesOf(origin: SubmittedOrigin | null | undefined) {
  const settings = settingsFileOf(origin)
  return [...(settings === undefined ? [] : [settings]), ...summariesOf(origin)]
}

function summariesOf(origin: SubmittedOrigin | null | undefined) {
  return (origin?.sourceSummaryUploadIds ?? []).map((uploadId) => ({ kind: 'uploadedFile', uploadId }) as const)
}

/**
 * The trusted build system that vouches for a call, linked with the project.
 *
 * @param field what only such a one may say
 * @throws Refusal `ORIGIN_NOT_VOUCHED`, `TRUSTED_BUILD_SYSTEM_…`
 */
export async function vouchingSystem(
  log: ApplicationDependencies['log'],
  caller: Caller,
  projectId: Project['projectId'],
  field: 'origin' | 'build',
): Promise<TrustedBuildSystem> {
  const { vouchedBy } = caller
  if (vouchedBy === undefined)
    throw new Refusal(
      'ORIGIN_NOT_VOUCHED',
      `The origin of an artifact is taken from trusted build systems only. Leave the fields ${field}.… out, or send the token of the build system behind the API token: «Authorization: Bearer <API token>:<build system token>».`,
      { field },
    )
  const stream = streams.trustedBuildSystem(vouchedBy.trustedBuildSystemId)
  return vouchesFor((await loadOwn(log, stream, trustedBuildSystemDecider, caller)).state, projectId)
}

/** The file that said how to build, as an upload; `undefined` when there is none. */
function settingsFileOf(origin: SubmittedOrigin | null | undefined) {
  const uploadId = origin?.buildData?.buildSettingsUploadId ?? null
  return uploadId === null ? undefined : ({ kind: 'uploadedFile', uploadId } as const)
}

/** An upload is whole: name, digest and size are known. */
function artifactOf({ fileName, sha256, size }: Awaited<ReturnType<ApplicationDependencies['sources']['check']>>) {
  if (fileName === null || sha256 === null || size === null)
    throw new Error('An upload has a name, a digest and a size.')
  return { fileName, sha256, size }
}
