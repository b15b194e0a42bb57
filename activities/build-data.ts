import {
  type ArtifactStore,
  addBuildDataToStored,
  hashWithBuildData,
  type PackageBuildData,
} from '../artifacts/index.ts'
import {
  buildDataDiffers,
  isBuildDataDue,
  isSameRepository,
  type RecordBuildData,
  Refusal,
  retrieved,
  type SigningRequest,
  settingsOfBuild,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { appVeyorPackageData } from '../origin/index.ts'
import type { LongStepActivities } from './contract.ts'
import { type LongWork, reporting, withHeartbeat } from './heartbeat.ts'
import { readStored } from './read-stored.ts'
import { requestStep } from './request-step.ts'

/** The most bytes of the settings of a build: twice those of the longest answer that is read of its system. */
const mostSettings = 16 * 1024 ** 2

/** What writing build data into packages works with. */
export type BuildDataDependencies = {
  readonly log: EventLog
  readonly store: Pick<ArtifactStore, 'open' | 'put'>
  readonly now: () => string
}

/**
 * Writes into a package which commit it was built from, and by which settings, once its origin is verified. What comes of it is
 * stored beside the package, and planned and signed in its place.
 */
export function addBuildData(dependencies: BuildDataDependencies): LongStepActivities['addBuildData'] {
  return (step) =>
    withHeartbeat((work) =>
      requestStep(dependencies, step, async (request) =>
        isBuildDataDue(request) ? withBuildData(dependencies.store, request, work) : undefined,
      ),
    )
}

/**
 * Makes a package with the data of its build again, from the one that was retrieved and what the log says was added: it must be the
 * one that is to be signed. The same package and data always give the same bytes.
 *
 * @throws Refusal `BUILD_DATA_NOT_ADDED`; ArtifactError `NUGET_…`, `ARTIFACT_…`
 */
export async function checkBuildData(
  store: Pick<ArtifactStore, 'open'>,
  { artifact, addedBuildData }: Pick<SigningRequest, 'artifact' | 'addedBuildData'>,
  { signal }: Pick<LongWork, 'signal'>,
): Promise<void> {
  if (addedBuildData === undefined) return
  const { builtArtifact, repository, settings } = addedBuildData
  const { type, url, commitId: commit } = repository
  const data: PackageBuildData = {
    repository: { type, url, commit },
    settings: { name: settings.fileName, content: await readStored(store, settings.sha256, mostSettings) },
    isSameUrl: isSameRepository,
  }
  const made = await hashWithBuildData(store, builtArtifact, data, { signal })
  if (made.sha256 !== artifact?.sha256 || made.size !== artifact.size) throw buildDataDiffers()
}

/** @throws ArtifactError `NUGET_…` for what is no package in order, `ARTIFACT_…`; Refusal `BUILD_DATA_NOT_ADDED` */
async function withBuildData(
  ownStore: BuildDataDependencies['store'],
  request: SigningRequest,
  { signal, progress }: LongWork,
): Promise<RecordBuildData> {
  const store = reporting(ownStore, progress)
  const { artifact, origin } = retrieved(request)
  const verified = origin?.verified?.origin
  if (verified === undefined) throw new Refusal('ORIGIN_NOT_VERIFIED', 'The origin of the package was not verified.')
  const { sha256 } = settingsOfBuild(request)
  const data = appVeyorPackageData(verified, await readStored(ownStore, sha256, mostSettings))
  const { type, url, commit: commitId } = data.repository
  return {
    type: 'RecordBuildData',
    artifact: { fileName: artifact.fileName, ...(await addBuildDataToStored(store, artifact, data, { signal })) },
    repository: { type, url, commitId },
    settings: { fileName: data.settings.name, sha256 },
  }
}
