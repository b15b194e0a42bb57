import type { Logger } from 'pino'
import type { Application } from '../application/index.ts'
import { openManifest, openPlan, RecentHeads } from '../artifacts/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { registerGraphQL } from '../graphql/index.ts'
import type { HttpServer } from '../http/index.ts'
import type { Persons } from '../persons/index.ts'
import type { ReadModel } from '../projections/index.ts'
import { type RestOptions, registerRest } from '../rest/index.ts'
import { planWording } from '../signing/directives.ts'
import { signatureFormats } from '../signing/formats.ts'
import type { Sources } from '../sources/index.ts'
import type { Settings } from './configuration.ts'
import type { Outside } from './outside.ts'
import { type Artifacts, maximumUploadSize } from './stores.ts'

/** Adds REST and GraphQL to the HTTP server of a process. */
export async function registerApi(
  http: HttpServer,
  parts: {
    readonly settings: Settings
    readonly log: EventLog
    readonly application: Application
    readonly readModel: ReadModel
    readonly persons: Persons
    readonly artifacts: Artifacts
    readonly sources: Sources
    readonly outside: Outside
    readonly publicUrl: string | (() => string)
    readonly logger: Logger
  },
): Promise<void> {
  const { settings, log, application, readModel, persons, artifacts, sources, outside, publicUrl, logger } = parts
  const heads = new RecentHeads()
  const ofStore: RestOptions['openPlan'] = (reference) => openPlan(artifacts.store, reference, heads)
  const shared = { application, readModel, log, persons, publicUrl, openPlan: ofStore, logger }
  registerRest(http, { ...shared, maximumUploadSize: maximumUploadSize(settings), secrets: outside.secrets })
  await registerGraphQL(http, {
    ...shared,
    openManifest: (reference) => openManifest(artifacts.store, reference, heads),
    planWording: planWording(signatureFormats),
    describeSource: sources.describe,
  })
}
