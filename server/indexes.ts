import type { Logger } from 'pino'
import type { ApplicationDependencies } from '../application/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { NotificationStore } from '../notifications/index.ts'
import type { Origins } from '../origin/index.ts'
import type { ReadModel } from '../projections/index.ts'
import type { FetchBuildArtifact } from '../sources/index.ts'
import { noBuilds, nobody, noCertificates, noWebHooks } from './answers-nobody.ts'
import type { Outside } from './outside.ts'

/** What is found by the read model; a process without one is asked for none of it, for only the API takes artifacts in. */
export async function indexesOf(
  log: EventLog,
  readModels: { readonly readModel: ReadModel } | undefined,
): Promise<Pick<ApplicationDependencies, 'submitters' | 'certificates' | 'administrators' | 'linkedBuildSystems'>> {
  if (readModels === undefined)
    return { submitters: nobody, certificates: noCertificates, administrators: nobody, linkedBuildSystems: nobody }
  const { readModelIndexes } = await import('./read-model-indexes.ts')
  return readModelIndexes(log, readModels.readModel)
}

/** What use cases of web hooks need; a process that lacks a part of it is asked for none of it. */
export async function webHooksOf(
  log: EventLog,
  {
    notifications,
    readModels,
  }: {
    readonly notifications: NotificationStore | undefined
    readonly readModels: { readonly readModel: ReadModel } | undefined
  },
): Promise<ApplicationDependencies['webHooks']> {
  if (notifications === undefined || readModels === undefined) return noWebHooks
  const { openWebHookPorts } = await import('./web-hooks.ts')
  return openWebHookPorts({ notifications, log, readModel: readModels.readModel })
}

/** The build systems that a process can ask, what use cases need of that, and what fetches artifacts; one without a way outside asks none. */
export async function buildSystemsOf(
  outside: Outside | undefined,
  { log, now, logger }: { readonly log: EventLog; readonly now: () => string; readonly logger: Logger },
): Promise<{
  readonly origins: Origins | undefined
  readonly builds: ApplicationDependencies['builds']
  readonly fetchArtifact: FetchBuildArtifact | undefined
}> {
  if (outside === undefined) return { origins: undefined, builds: noBuilds, fetchArtifact: undefined }
  const [{ serviceOrigins }, { serviceBuilds }, { buildArtifactFetcher }] = await Promise.all([
    import('./origins.ts'),
    import('./builds.ts'),
    // Not by the door, which loads what workers and signers do.
    import('../activities/fetch-build-artifact.ts'),
  ])
  const origins = serviceOrigins(outside, logger)
  return {
    origins,
    builds: serviceBuilds({ ...outside, origins, now }),
    fetchArtifact: buildArtifactFetcher({ log, origins, secrets: outside.secrets }),
  }
}
