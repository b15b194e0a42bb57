import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import {
  type Application,
  type ApplicationDependencies,
  createApplication,
  openApiTokenUses,
  openRefusalAudit,
  type Resumed,
} from '../application/index.ts'
import { checkHeader } from '../artifacts/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { NotificationStore } from '../notifications/index.ts'
import type { Persons } from '../persons/index.ts'
// Not by the door, which loads the API: only processes with the role have it.
import { registerUnknownPaths } from '../rest/unknown-path.ts'
import { FilePasses } from '../signing/file-passes/index.ts'
import { signatureFormats } from '../signing/formats.ts'
import { temporalWorkflows } from '../workflows/client.ts'
import { noBuildSystems, noPersons, noSecrets, noTargets } from './answers-nobody.ts'
import { type Closer, closeAll } from './close-all.ts'
import { dataPath, type Role, type Settings } from './configuration.ts'
import { configurationTexts, supportedLanguage } from './configuration-texts.ts'
import { delayNote } from './delay-note.ts'
import { openServiceLog } from './event-log.ts'
import { type HealthCheck, mayKnowDetails, openReadiness, registerHealth } from './health.ts'
import { newHttpServer, urlOf } from './http-server.ts'
import { buildSystemsOf, indexesOf, webHooksOf } from './indexes.ts'
import { listen } from './listen.ts'
import type { Mail } from './mail.ts'
import { plannedFilesOf } from './planned-files.ts'
import { sourceSummaries } from './source-summaries.ts'
import { serviceSources } from './sources.ts'
import { openArtifacts } from './stores.ts'
import { connectClient, temporalTarget } from './temporal.ts'
import { surviveUncaughtErrors } from './uncaught-errors.ts'
import { recordUnopened } from './unopened-payloads.ts'
import { checkWritable, foldersOf, openRoom, placesOf } from './write-check.ts'

/** How many requests that wait readiness reports at the most. */
const mostDelaysReported = 100

/** A running process of the service. */
export type Service = {
  /** Where it listens. */
  readonly url: string
  /** The use cases, with what they need: for set-up and self-checks in the same process. */
  readonly application: Application
  readonly dependencies: ApplicationDependencies
  /** Takes up everything that is unfinished, at once; a process without the role of a worker has nothing to do with it. */
  readonly resume: () => Promise<Resumed | undefined>
  /** Lets what is under way finish, within bounds, and releases everything. */
  readonly close: () => Promise<void>
}

/**
 * Starts one process of the service with the given roles.
 *
 * @throws ConfigurationError, EventLogError, SigningError, ArtifactError, ReadModelError: what a part cannot start without
 */
export async function startService(options: {
  readonly settings: Settings
  readonly roles: readonly Role[]
  readonly logger: Logger
  /** For SoftHSM2 only: its configuration file. */
  readonly softHsmConfigPath?: string
  /** Whether Temporal runs on this machine and keeps its database in the data directory. */
  readonly embeddedTemporal?: boolean
  /** Parts that the caller knows of; until all of them work the process is not ready. */
  readonly checks?: Readonly<Record<string, HealthCheck>>
}): Promise<Service> {
  const { settings, roles, logger } = options
  const closers: Closer[] = []
  const checks: Record<string, HealthCheck> = { ...options.checks }
  const has = (role: Role) => roles.includes(role)

  const close = () => closeAll(closers, logger)

  try {
    return await open()
  } catch (error) {
    await close()
    throw error
  }

  async function open(): Promise<Service> {
    const now = () => new Date().toISOString()
    const { log, verified } = await openServiceLog(settings, roles)
    closers.push(() => log.close())
    checks.eventLog = async () => void (await log.head())

    const artifacts = await openArtifacts(settings, logger)
    closers.push(artifacts.close)

    const outside =
      has('api') || has('worker') ? await (await import('./outside.ts')).openOutside(settings, logger) : undefined
    if (outside !== undefined) {
      closers.push(outside.close)
      checks.secrets = outside.notice
    }
    const notifications =
      outside && (await (await import('./notification-store.ts')).openNotificationStore(settings, logger))
    if (notifications !== undefined) closers.push(() => notifications.close())
    const { origins, builds, fetchArtifact } = await buildSystemsOf(outside, { log, now, logger })
    const sources = serviceSources(settings, { log, artifacts, outside, fetchArtifact, now })

    const lost = (what: string) => (error: unknown) => logger.error({ err: error }, `${what} could not be recorded`)
    const refusals = openRefusalAudit({ log, now, onError: lost('a refused attempt') })
    const apiTokenUses = openApiTokenUses({ log, now, onError: lost('the use of an API token') })
    closers.push(refusals.close, apiTokenUses.close)

    const temporal = temporalTarget(settings, roles.join(', '))
    const { client, close: disconnect } = connectClient(temporal, recordUnopened(logger))
    closers.push(disconnect)
    const workflows = temporalWorkflows(client)
    checks.temporal = () => workflows.assertReachable()

    const passes = new FilePasses(availableParallelism())
    closers.push(() => passes.close())
    const places = placesOf(settings, roles, options.embeddedTemporal ?? false)
    // What only some roles need they load by themselves: it is memory, and processor time at each start.
    const readModels =
      has('projector') || has('api')
        ? await (await import('./read-models.ts')).openReadModels({ settings, log, project: has('projector'), logger })
        : undefined
    if (readModels !== undefined) {
      closers.push(readModels.close)
      checks.readModel = readModels.check
      checks.requests = async () => delayNote(await readModels.readModel.delays(mostDelaysReported), Date.now())
    }

    const people = has('api')
      ? await (await import('./people.ts')).openPeople({ settings, log, verified, logger })
      : undefined
    const persons = people?.persons
    const usedStatements = has('api')
      ? await (await import('./used-statements.ts')).openUsedStatements(settings, logger)
      : undefined
    if (usedStatements !== undefined) closers.push(usedStatements.close)
    if (people !== undefined) {
      closers.push(people.close)
      checks.personKeys = people.notice
    }

    const mail = has('api')
      ? await (await import('./mail.ts')).openMail(settings, options.embeddedTemporal ?? false)
      : undefined
    const dependencies: ApplicationDependencies = {
      log,
      workflows,
      uploads: artifacts.uploads,
      sources,
      builds,
      artifacts: artifacts.reader,
      checkHeader: (header) => checkHeader(signatureFormats, header),
      configurationTexts: configurationTexts({
        store: artifacts.store,
        reader: artifacts.reader,
        supported: supportedLanguage,
        passes,
      }),
      sourceSummaries,
      ...(await indexesOf(log, readModels)),
      persons: persons ?? noPersons,
      secrets: outside?.secrets ?? noSecrets,
      checkTarget: outside === undefined ? noTargets : (url) => outside.outgoing.checkTarget(url),
      buildSystems: has('api') ? (await import('../origin/index.ts')).buildSystemForms : noBuildSystems,
      webHooks: await webHooksOf(log, { notifications, readModels }),
      refusals,
      apiTokenUses,
      ...(mail && { mailedTokens: mail.tokens }),
      ...(usedStatements && { usedStatements }),
      room: openRoom(places),
      now,
    }
    const application = createApplication(dependencies)

    const http = newHttpServer(settings, logger)
    const { fastify } = http
    checks.disk = () => checkWritable(foldersOf(places))
    registerHealth(fastify, openReadiness(checks, logger), mayKnowDetails(settings))
    registerUnknownPaths(fastify, has('api') ? apiPlaces : healthPlaces, logger)

    if (has('api') && readModels !== undefined && persons !== undefined && outside !== undefined) {
      const publicUrl = settings.publicUrl ?? (() => urlOf(fastify, settings))
      const { registerApi } = await import('./api.ts')
      const { readModel } = readModels
      await registerApi(http, {
        settings,
        log,
        application,
        readModel,
        persons,
        artifacts,
        sources,
        outside,
        publicUrl,
        logger,
      })
    }
    if (has('signer')) await addSigner(log, passes)
    if (has('worker')) await addWorker(log, passes)

    await listen(fastify, settings)
    closers.push(() => fastify.close())
    const takeBack = surviveUncaughtErrors(logger)
    // Closed last: also what fails while the others close must not end the process before they have.
    closers.unshift(async () => takeBack())
    if (mail !== undefined && persons !== undefined && notifications !== undefined)
      await addMail(mail, persons, notifications)
    const background = has('worker') ? await workInBackground() : undefined
    const resume = background?.resume ?? (async () => undefined)
    return { url: urlOf(fastify, settings), application, dependencies, resume, close }

    async function workInBackground() {
      const { startWorkerBackground } = await import('./worker-background.ts')
      if (outside === undefined || notifications === undefined) throw new Error('A worker has its way outside.')
      const delivery = { outside, notifications, client, temporal }
      const begun = await startWorkerBackground({ log, workflows, settings, now, logger, delivery })
      closers.push(begun.close)
      checks.detection = async () => begun.notice()
      checks.delivery = async () => begun.deliveryNotice()
      return begun
    }

    async function addMail(configured: Mail, people: Persons, store: NotificationStore): Promise<void> {
      const running = await configured.start({
        log,
        store,
        persons: people,
        plannedFiles: plannedFilesOf(artifacts.store),
        client,
        temporal,
        publicUrl: () => settings.publicUrl ?? urlOf(fastify, settings),
        now,
        logger,
      })
      closers.push(running.close)
      checks.mail = async () => running.notice()
    }

    async function addSigner(eventLog: EventLog, passes: FilePasses): Promise<void> {
      const { startSignerRole } = await import('./signer-role.ts')
      const { softHsmConfigPath } = options
      const shared = { settings, artifacts, passes, temporal, refusals, now, logger }
      const signer = await startSignerRole({ log: eventLog, verified, softHsmConfigPath, ...shared })
      closers.push(signer.close)
      Object.assign(checks, signer.checks)
    }

    async function addWorker(eventLog: EventLog, passes: FilePasses): Promise<void> {
      const { startWorker } = await import('./worker.ts')
      if (outside === undefined || origins === undefined) throw new Error('A worker has its way outside.')
      const worker = await startWorker({
        log: eventLog,
        artifacts,
        sources,
        origins,
        outside,
        passes,
        settings,
        temporal,
        cacheFolder: dataPath(settings, 'cache'),
        trashMs: settings.collectArtifacts ? settings.trashLifetime * 3_600_000 : undefined,
        now,
        logger: logger.child({ role: 'worker' }),
      })
      closers.push(worker.close)
      checks.worker = async () => refuse(worker.problem())
    }
  }
}

const healthPlaces = 'The health of this process is at GET /health/live and GET /health/ready.'
const apiPlaces = `The REST API is described at GET /Api/v1/openapi.json, and for people at /Api/v1/docs. GraphQL is at POST /graphql, artifacts go to POST /uploads. ${healthPlaces}`

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new Error(problem)
}
