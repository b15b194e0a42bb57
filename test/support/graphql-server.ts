import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import {
  type Application,
  type ApplicationDependencies,
  createApplication,
  openRefusalAudit,
  type UsedStatements,
} from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import {
  type ArtifactStore,
  checkHeader,
  createUploads,
  createVerifiedReader,
  openFolderStore,
  openManifest,
  openPlan,
  openUploadRegistry,
  RecentHeads,
  type UploadQuotas,
} from '../../artifacts/index.ts'
import type { OrganizationId } from '../../domain/index.ts'
import { type EventLog, openSqliteEventLog } from '../../event-log/index.ts'
import { type GraphQLDependencies, registerGraphQL } from '../../graphql/index.ts'
import { createSchema } from '../../graphql/schema.ts'
import { type HttpServer, type HttpServerOptions, openHttpServer } from '../../http/index.ts'
import type { NotificationStore } from '../../notifications/index.ts'
import { buildSystemForms } from '../../origin/index.ts'
import type { Persons } from '../../persons/index.ts'
import {
  openReadModel,
  openSqliteReadModel,
  type Projector,
  type ReadModel,
  type ReadModelDatabase,
  rebuildReadModel,
  startProjector,
} from '../../projections/index.ts'
import { problemErrorHandler, type RestOptions } from '../../rest/index.ts'
import { sourceSummaries } from '../../server/source-summaries.ts'
import { planWording } from '../../signing/directives.ts'
import { signatureFormats } from '../../signing/formats.ts'
import {
  announcedUploadSource,
  createSources,
  earlierRequestSource,
  hashPayloadSource,
  uploadedFileSource,
} from '../../sources/index.ts'
import { type Answer, askGraphQL } from './ask-graphql.ts'
import { certificatesInLog } from './certificates-in-log.ts'
import { testConfigurationTexts } from './configuration-texts.ts'
import { decidingWorkflows, type Tell } from './deciding-workflows.ts'
import { giveEmptyReadModel } from './empty-read-model.ts'
import { type GraphQLOrganization, setUpOrganization } from './graphql-organization.ts'
import { type GraphQLRequests, graphQLRequests } from './graphql-requests.ts'
import { testLinkSource } from './link-source.ts'
import { testMailedTokens } from './mailed-tokens.ts'
import { testPersons } from './persons.ts'
import { statementsInMemory } from './proxy-statements.ts'
import { administratorsInLog, linkedBuildSystemsInLog, submittersInLog } from './submitters-in-log.ts'
import { testBuilds } from './test-builds.ts'
import { until } from './until.ts'
import { testWebHooks } from './web-hooks.ts'

/** The GraphQL API on a free port over real use cases, log, artifact store and read model; only Temporal is not there. */
export type GraphQLTestServer = GraphQLOrganization &
  GraphQLRequests & {
    readonly url: string
    readonly fastify: FastifyInstance
    readonly log: EventLog
    readonly database: ReadModelDatabase
    readonly readModel: ReadModel
    readonly projector: Projector
    readonly application: Application
    readonly dependencies: ApplicationDependencies
    readonly store: ArtifactStore
    readonly notifications: NotificationStore
    readonly setup: Setup
    readonly organizationId: OrganizationId
    /** Sends an operation as a user, or as nobody. */
    readonly ask: (
      user: { readonly token: string } | undefined,
      query: string,
      variables?: Readonly<Record<string, unknown>>,
    ) => Promise<Answer>
    readonly tell: Tell
    /** Waits until the read model has all of the log. */
    readonly caughtUp: () => Promise<void>
    readonly rebuild: () => Promise<unknown>
    /** SQL of every query on the read model so far. */
    readonly queries: string[]
    /** What the API logged as unexpected. */
    readonly logged: { readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[]
  }

/** The same for all servers: each tells it what it works with, operation by operation. */
const schema = createSchema()

/** What of it a test replaces. */
export type GraphQLServerOptions = Partial<
  Pick<GraphQLDependencies, 'limits' | 'readModelTimeoutMs' | 'openPlan' | 'openManifest' | 'readModel' | 'application'>
> & {
  /** What seals and reads names; default: keys in memory. */
  readonly persons?: Persons
  /** Whether a projector runs; default yes. */
  readonly project?: boolean
  readonly http?: Partial<HttpServerOptions>
  readonly uploadQuotas?: UploadQuotas
  /** Bytes; default: a million. */
  readonly maximumArtifactSize?: number
  /** Remembers statements of proxies; default: in memory. */
  readonly usedStatements?: UsedStatements
  /** The read model's database; default: SQLite in the folder. */
  readonly database?: ReadModelDatabase
  /** Adds what else is served. */
  readonly register?: (http: HttpServer, application: Application, rest: RestOptions) => void
}

/** Starts it; everything ends when the running test has finished. */
export async function startGraphQLServer(options: GraphQLServerOptions = {}): Promise<GraphQLTestServer> {
  // Here, because vitest is not to be had where inputs are tried without it.
  const [{ onTestFinished }, { temporaryFolder }] = await Promise.all([
    import('vitest'),
    import('./temporary-folder.ts'),
  ])
  const { close, ...server } = await openGraphQLServer(temporaryFolder(), options)
  onTestFinished(close)
  return server
}

/** Starts it in a folder. */
export async function openGraphQLServer(
  folder: string,
  options: GraphQLServerOptions = {},
): Promise<GraphQLTestServer & { readonly close: () => Promise<void> }> {
  const {
    project = true,
    http: httpOptions,
    register,
    database: givenDatabase,
    uploadQuotas = {},
    maximumArtifactSize = 1_000_000,
    persons = testPersons(),
    usedStatements = statementsInMemory(),
    ...overrides
  } = options
  const now = () => new Date().toISOString()
  const organizationId = randomUUID() as OrganizationId
  const setup = new Setup(organizationId)
  const log = await openSqliteEventLog({ path: join(folder, 'log.db') })
  const store = await openFolderStore({ path: join(folder, 'artifacts'), maximumSize: maximumArtifactSize })
  const registry = await openUploadRegistry({
    path: join(folder, 'uploads'),
    now: () => new Date(),
    quotas: uploadQuotas,
  })
  const refusals = openRefusalAudit({ log, now, onError: (error) => Promise.reject(error) })
  const { workflows, tell } = decidingWorkflows(log, organizationId, now)
  const uploads = createUploads({ store, registry })
  const sources = createSources({
    kinds: [
      uploadedFileSource({ store, uploads }),
      announcedUploadSource({ uploads, lifetimeMs: 3_600_000, now }),
      testLinkSource({ now }),
      earlierRequestSource({ log, store }),
      hashPayloadSource({ store, uploads }),
    ],
    store,
  })
  const webHooks = testWebHooks(folder, log)
  const asking = testBuilds(folder, now)
  const { secrets } = asking
  const dependencies: ApplicationDependencies = {
    log,
    workflows,
    uploads,
    sources,
    builds: asking.builds,
    artifacts: createVerifiedReader(store),
    persons,
    checkHeader: (header) => checkHeader(signatureFormats, header),
    configurationTexts: testConfigurationTexts(store),
    sourceSummaries,
    submitters: submittersInLog(log),
    certificates: certificatesInLog(log),
    administrators: administratorsInLog(log),
    linkedBuildSystems: linkedBuildSystemsInLog(log),
    refusals,
    secrets,
    checkTarget: webHooks.checkTarget,
    buildSystems: buildSystemForms,
    webHooks: webHooks.ports,
    room: { require: async () => undefined },
    mailedTokens: testMailedTokens,
    usedStatements,
    now,
  }
  const application = createApplication(dependencies)

  const queries: string[] = []
  const onQuery = (sql: string) => queries.push(sql)
  const path = join(folder, 'read-model.db')
  if (givenDatabase === undefined) await giveEmptyReadModel(path)
  const database = givenDatabase ?? openSqliteReadModel({ path, onQuery })
  const { readModel, progress } = openReadModel(database)
  const projector = startProjector({ log, database, progress })
  await until('the projector runs', () => projector.status().state === 'running')
  if (!project) await projector.stop()

  const logged: GraphQLTestServer['logged'] = []
  const silent = pino({ level: 'silent' })
  const http = openHttpServer({ logger: silent, answerError: problemErrorHandler(silent), ...httpOptions })
  const { fastify } = http
  const line = (fields: object, message: string) => logged.push({ fields: fields as Record<string, unknown>, message })
  const heads = new RecentHeads()
  await registerGraphQL(http, {
    application,
    schema,
    readModel,
    log,
    persons,
    openPlan: (reference) => openPlan(store, reference, heads),
    openManifest: (reference) => openManifest(store, reference, heads),
    planWording: planWording(signatureFormats),
    describeSource: sources.describe,
    publicUrl: 'https://signing.example.com',
    logger: { error: line, warn: line },
    ...overrides,
  })
  register?.(http, application, {
    application,
    readModel,
    log,
    persons,
    openPlan: (reference) => openPlan(store, reference, heads),
    publicUrl: 'https://signing.example.com',
    maximumUploadSize: maximumArtifactSize,
    secrets,
    logger: silent,
  })
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 })
  const close = async () => {
    await fastify.close()
    await projector.stop()
    await readModel.close()
    await refusals.close()
    await asking.close()
    registry.close()
    await store.close()
    await webHooks.notifications.close()
    await log.close()
  }

  const organization = await setUpOrganization(dependencies, setup)
  const caughtUp = async () => {
    const head = await log.head()
    if (head !== undefined) await readModel.waitFor(head, { timeoutMs: 20_000 })
  }
  const server: GraphQLTestServer & { readonly close: () => Promise<void> } = {
    close,
    url,
    fastify,
    log,
    database,
    readModel,
    projector,
    application,
    dependencies,
    store,
    notifications: webHooks.notifications,
    setup,
    organizationId,
    ...organization,
    ...graphQLRequests({ application, dependencies, setup, organization, readModel, store, tell, caughtUp, folder }),
    queries,
    logged,
    tell,
    ask: (user, query, variables = {}) => askGraphQL(url, user?.token, query, variables),
    caughtUp,
    rebuild: () => rebuildReadModel({ log, database }),
  }
  if (project) await caughtUp()
  return server
}
