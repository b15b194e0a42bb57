import { join } from 'node:path'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { type Application, createApplication } from '../../application/index.ts'
import { checkHeader, createVerifiedReader, openManifest, openPlan } from '../../artifacts/index.ts'
import type { UserId } from '../../domain/index.ts'
import { registerGraphQL } from '../../graphql/index.ts'
import { openHttpServer } from '../../http/index.ts'
import { buildSystemForms } from '../../origin/index.ts'
import { openReadModel, openSqliteReadModel, type ReadModelDatabase, startProjector } from '../../projections/index.ts'
import { problemErrorHandler, registerRest } from '../../rest/index.ts'
import { noWebHooks } from '../../server/answers-nobody.ts'
import { sourceSummaries } from '../../server/source-summaries.ts'
import { planWording } from '../../signing/directives.ts'
import { signatureFormats } from '../../signing/formats.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { certificatesInLog } from './certificates-in-log.ts'
import { testConfigurationTexts } from './configuration-texts.ts'
import { giveEmptyReadModel } from './empty-read-model.ts'
import { statementsInMemory } from './proxy-statements.ts'
import { type Ran, type RunOptions, runCommand } from './run-command.ts'
import { administratorsInLog, linkedBuildSystemsInLog, submittersInLog } from './submitters-in-log.ts'
import type { TestOrganization } from './test-organization.ts'
import { startWorkers, type TestWorkflows, type WorkersOptions } from './workers.ts'

/** A service around an organization: Temporal's workflows, read model and API, put together of the rooms' own parts. */
export type ServedOrganization = {
  readonly url: string
  readonly application: Application
  readonly workflows: TestWorkflows
  /** The read model's. */
  readonly database: ReadModelDatabase
  /** Waits until the read model has all of the log. */
  readonly caughtUp: () => Promise<void>
  /** Runs `countersign` as a user, in the organization's folder. */
  readonly countersign: (args: readonly string[], user: UserId, options?: RunOptions) => Promise<Ran>
}

/** Serves an organization until the running test has finished. */
export async function serveOrganization(
  environment: Pick<TestWorkflowEnvironment, 'connection' | 'nativeConnection' | 'namespace'>,
  organization: TestOrganization,
  options: {
    /** What can be signed; default: what the service can. */
    readonly formats?: readonly SignatureFormat[]
    readonly workers?: WorkersOptions
  } = {},
): Promise<ServedOrganization> {
  const { formats = signatureFormats } = options
  const { log, store, uploads, sources, asking, persons, folder, tokens } = organization
  const { secrets } = asking
  const workflows = await startWorkers(environment, organization, undefined, options.workers)
  const application = createApplication({
    log,
    workflows,
    uploads,
    sources,
    builds: asking.builds,
    artifacts: createVerifiedReader(store),
    checkHeader: (header) => checkHeader(formats, header),
    configurationTexts: testConfigurationTexts(store),
    sourceSummaries,
    submitters: submittersInLog(log),
    certificates: certificatesInLog(log),
    administrators: administratorsInLog(log),
    linkedBuildSystems: linkedBuildSystemsInLog(log),
    persons,
    refusals: { record: async () => undefined, close: async () => undefined },
    secrets,
    checkTarget: async () => undefined,
    buildSystems: buildSystemForms,
    webHooks: noWebHooks,
    room: { require: async () => undefined },
    usedStatements: statementsInMemory(),
    now: () => new Date().toISOString(),
  })
  const path = join(folder, 'read-model.db')
  await giveEmptyReadModel(path)
  const database = openSqliteReadModel({ path })
  const { readModel, progress } = openReadModel(database)
  const projector = startProjector({ log, database, progress })
  const logger = pino({ level: 'silent' })
  const http = openHttpServer({ logger, answerError: problemErrorHandler(logger) })
  registerRest(http, {
    application,
    readModel,
    log,
    persons,
    openPlan: (reference) => openPlan(store, reference),
    publicUrl: () => url,
    maximumUploadSize: 10_000_000,
    secrets,
    logger,
  })
  await registerGraphQL(http, {
    application,
    readModel,
    log,
    persons,
    openPlan: (reference) => openPlan(store, reference),
    openManifest: (reference) => openManifest(store, reference),
    planWording: planWording(formats),
    describeSource: sources.describe,
    publicUrl: () => url,
    logger,
  })
  const url = await http.fastify.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    await http.fastify.close()
    await projector.stop()
    await readModel.close()
  })
  return {
    url,
    application,
    workflows,
    database,
    async caughtUp() {
      const head = await log.head()
      if (head !== undefined) await readModel.waitFor(head, { timeoutMs: 20_000 })
    },
    countersign: (args, user, more = {}) =>
      runCommand(args, {
        environment: { COUNTERSIGN_URL: url, COUNTERSIGN_TOKEN: tokens.get(user) },
        workingDirectory: folder,
        ...more,
      }),
  }
}
