import type { Sha256Digest } from '../digest.ts'
import type { DomainEvent } from '../event.ts'
import { Refusal } from '../refusal.ts'
import type { TrustedBuildSystemKind } from '../trusted-build-system/events.ts'
import type { OriginEvidence, VerifiedOrigin } from '../verified-origin.ts'
import type { Artifact, Source } from './source.ts'

/** What was written into a package about its build. */
export type BuildDataOfPackage = {
  readonly repository: {
    /** As package readers call the version control system: `git`. */
    readonly type: string
    readonly url: string
    readonly commitId: string
  }
  /** The file of the package's root that tells the settings of the build. */
  readonly settings: { readonly fileName: string; readonly sha256: Sha256Digest }
}

/**
 * Data of its build was written into the package, which is another file by that: it is planned and signed in place of the one that
 * was retrieved.
 */
export type BuildDataAdded = DomainEvent<
  'BuildDataAdded',
  BuildDataOfPackage & {
    /** The package with the data. */
    readonly artifact: Artifact
    /** The one that was retrieved, whose origin was verified. */
    readonly builtSha256: Sha256Digest
  }
>

/** What was added to a request's package, and the package as its build made it. */
export type AddedBuildData = BuildDataOfPackage & { readonly builtArtifact: Artifact }

/** Records that a package has the data of its build. */
export type RecordBuildData = BuildDataOfPackage & { readonly type: 'RecordBuildData'; readonly artifact: Artifact }

/** Kinds of build systems that have the data of their builds written into packages. */
const kindsWithBuildData: readonly TrustedBuildSystemKind[] = ['appVeyor']

/** What package readers call version control systems. */
const repositoryTypes: readonly string[] = ['git', 'hg', 'svn']

/** The evidence that becomes the settings file of packages. */
const settingsEvidence = 'settings'

/** What of a request says whether its artifact carries data of its build. */
export type BuildDataCarrying = {
  readonly source: Pick<Source, 'kind'>
  readonly artifact: Artifact | null
  readonly origin: {
    readonly kind: TrustedBuildSystemKind
    readonly evidence: readonly OriginEvidence[]
    readonly verified: { readonly origin: VerifiedOrigin } | null
  } | null
  readonly addedBuildData?: AddedBuildData
}

/** Whether a file is a NuGet package, as its users name it. */
export function isNuGetPackage(fileName: string): boolean {
  return /\.nupkg$/i.test(fileName)
}

/**
 * Whether data of its build is still to be written into a request's artifact: a NuGet package of a build system that has this
 * done, whose origin was verified. The artifact of an earlier request has it already.
 */
export function isBuildDataDue(request: BuildDataCarrying): boolean {
  return mustCarryBuildData(request) && request.addedBuildData === undefined
}

/**
 * The evidence of the build's settings.
 *
 * @throws Refusal `BUILD_DATA_NOT_ADDED` when the build system's answers hold none
 */
export function settingsOfBuild({ origin }: Pick<BuildDataCarrying, 'origin'>): OriginEvidence {
  const found = origin?.evidence.find(({ name }) => name === settingsEvidence)
  if (found === undefined) throw notAdded('the settings of its build are not known')
  return found
}

/**
 * Refuses a request whose package must carry the data of its build, and does not, or other data than was verified.
 *
 * @throws Refusal `BUILD_DATA_NOT_ADDED`
 */
export function requireBuildData(request: BuildDataCarrying): void {
  const { addedBuildData: added } = request
  if (added === undefined && mustCarryBuildData(request)) throw notAdded('nothing was added')
  if (added === undefined) return
  if (!mustCarryBuildData(request)) throw notAdded('data was added to what carries none')
  requireVerifiedData(request, added)
}

/**
 * Says what was added, if it is what was verified.
 *
 * @throws Refusal `BUILD_DATA_NOT_ADDED`
 */
export function buildDataAdded(
  { artifact, repository, settings }: RecordBuildData,
  request: BuildDataCarrying & { readonly artifact: Artifact },
): BuildDataAdded {
  const { artifact: builtArtifact } = request
  requireVerifiedData({ ...request, artifact }, { builtArtifact, repository, settings })
  const { sha256: builtSha256 } = builtArtifact
  return { type: 'BuildDataAdded', data: { schemaVersion: 1, artifact, builtSha256, repository, settings } }
}

/** The refusal of a package that is not the one that follows from what was retrieved and added. */
export function buildDataDiffers(): Refusal {
  return notAdded('with that data the package is another one')
}

function mustCarryBuildData({ source, artifact, origin }: BuildDataCarrying): boolean {
  if (origin === null || origin.verified === null || artifact === null) return false
  return (
    kindsWithBuildData.includes(origin.kind) && source.kind !== 'earlierRequest' && isNuGetPackage(artifact.fileName)
  )
}

function requireVerifiedData(request: BuildDataCarrying, added: AddedBuildData): void {
  const { artifact, origin } = request
  const { builtArtifact, repository, settings } = added
  const verified = origin?.verified?.origin
  if (repository.url !== verified?.repository.url || repository.commitId !== verified.commitId)
    throw notAdded('repository or commit are other ones than were verified')
  if (!repositoryTypes.includes(repository.type)) throw notAdded('the version control system is not known')
  if (settings.sha256 !== settingsOfBuild(request).sha256) throw notAdded('the settings are not those of its build')
  if (artifact?.fileName !== builtArtifact.fileName) throw notAdded('its file name is another one')
  if (artifact.sha256 === builtArtifact.sha256) throw notAdded('the package is the same as before')
}

function notAdded(why: string): Refusal {
  return new Refusal(
    'BUILD_DATA_NOT_ADDED',
    `The package must carry the data of its build before it is signed, and what the log says of that does not hold: ${why}.`,
  )
}
