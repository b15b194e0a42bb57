import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { createSelfSignedCertificate } from '../../application/create-certificate.ts'
import { createProject } from '../../application/create-project.ts'
import { createSigningPolicy } from '../../application/create-signing-policy.ts'
import { createUser, issueApiToken } from '../../application/create-user.ts'
import {
  type Application,
  type ApplicationDependencies,
  createApplication,
  createOrganization,
  openRefusalAudit,
} from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import {
  checkHeader,
  createUploads,
  createVerifiedReader,
  openFolderStore,
  openManifest,
  openPlan,
  openUploadRegistry,
  RecentHeads,
  storeDocument,
  storeManifest,
  type UploadQuotas,
  withComposedPlan,
} from '../../artifacts/index.ts'
import {
  type ApiTokenId,
  type Artifact,
  type CertificateId,
  type GlobalRole,
  knownArtifact,
  type OrganizationId,
  type PlanNodeContent,
  type ProjectId,
  type Sha256Digest,
  type SignedFile,
  type SigningPlan,
  type SigningPolicyId,
  type SigningRequestId,
  type UserId,
} from '../../domain/index.ts'
import { type EventLog, openSqliteEventLog } from '../../event-log/index.ts'
import { type GraphQLDependencies, registerGraphQL } from '../../graphql/index.ts'
import { type HttpServer, type HttpServerOptions, openHttpServer } from '../../http/index.ts'
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
import { problemErrorHandler } from '../../rest/index.ts'
import { planWording } from '../../signing/directives.ts'
import { signatureFormats } from '../../signing/formats.ts'
import { createSources, earlierRequestSource, uploadedFileSource } from '../../sources/index.ts'
import { decidingWorkflows, type Tell } from './deciding-workflows.ts'
import { testPersons } from './persons.ts'
import { submittersInLog } from './submitters-in-log.ts'
import { until } from './until.ts'

/** A user of the test organization. */
export type TestUser = { readonly userId: UserId; readonly tokenId: ApiTokenId; readonly token: string }

/** What GraphQL answered. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look where the query says
  readonly data: any
  readonly errors:
    | readonly {
        readonly message: string
        readonly path?: readonly (string | number)[]
        readonly extensions: { readonly code: string; readonly details?: Readonly<Record<string, unknown>> } & Readonly<
          Record<string, unknown>
        >
      }[]
    | undefined
  readonly text: string
}

/** The GraphQL API on a free port over real use cases, log, artifact store and read model; only Temporal is not there. */
export type GraphQLTestServer = {
  readonly url: string
  readonly fastify: FastifyInstance
  readonly log: EventLog
  readonly database: ReadModelDatabase
  readonly readModel: ReadModel
  readonly projector: Projector
  readonly application: Application
  readonly dependencies: ApplicationDependencies
  readonly setup: Setup
  readonly organizationId: OrganizationId
  readonly certificateId: CertificateId
  readonly projectId: ProjectId
  /** Two of three approvers. */
  readonly releasePolicyId: SigningPolicyId
  /** Nobody is asked. */
  readonly testPolicyId: SigningPolicyId
  readonly administrator: TestUser
  readonly auditor: TestUser
  readonly submitter: TestUser
  readonly approvers: readonly [TestUser, TestUser, TestUser]
  readonly addUser: (name: string, roles?: readonly GlobalRole[]) => Promise<TestUser>
  /** Sends an operation as a user, or as nobody. */
  readonly ask: (
    user: { readonly token: string } | undefined,
    query: string,
    variables?: Readonly<Record<string, unknown>>,
  ) => Promise<Answer>
  /** Uploads bytes; answers the upload's id. */
  readonly upload: (by: TestUser, text?: string) => Promise<string>
  /** Submits by the use case. */
  readonly submit: (policy?: string, description?: string) => Promise<SigningRequestId>
  readonly tell: Tell
  /** Takes a submitted request to its plan; answers the plan's digest. @param nodes its tree; default: one program */
  readonly plan: (signingRequestId: SigningRequestId, nodes?: Iterable<PlanNodeContent>) => Promise<Sha256Digest>
  /** Takes a planned and approved request to its end. @param files what was signed; default: one program */
  readonly complete: (
    signingRequestId: SigningRequestId,
    planDigest: Sha256Digest,
    files?: AsyncIterable<SignedFile>,
  ) => Promise<void>
  /** Waits until the read model has all of the log. */
  readonly caughtUp: () => Promise<void>
  readonly rebuild: () => Promise<unknown>
  /** SQL of every query on the read model so far. */
  readonly queries: string[]
  /** What the API logged as unexpected. */
  readonly logged: { readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[]
}

const thumbprint = 'ab'.repeat(32)

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
  /** The read model's database; default: SQLite in the folder. */
  readonly database?: ReadModelDatabase
  /** Adds what else is served. */
  readonly register?: (http: HttpServer, application: Application) => void
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
    kinds: [uploadedFileSource({ store, uploads }), earlierRequestSource({ log, store })],
    store,
  })
  const dependencies: ApplicationDependencies = {
    log,
    workflows,
    uploads,
    sources,
    artifacts: createVerifiedReader(store),
    persons,
    checkHeader: (header) => checkHeader(signatureFormats, header),
    submitters: submittersInLog(log),
    refusals,
    room: { require: async () => undefined },
    now,
  }
  const application = createApplication(dependencies)

  const queries: string[] = []
  const onQuery = (sql: string) => queries.push(sql)
  const database = givenDatabase ?? openSqliteReadModel({ path: join(folder, 'read-model.db'), onQuery })
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
    readModel,
    persons,
    openPlan: (reference) => openPlan(store, reference, heads),
    openManifest: (reference) => openManifest(store, reference, heads),
    planWording: planWording(signatureFormats),
    describeSource: sources.describe,
    publicUrl: 'https://signing.example.com',
    logger: { error: line, warn: line },
    ...overrides,
  })
  register?.(http, application)
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 })
  const close = async () => {
    await fastify.close()
    await projector.stop()
    await readModel.close()
    await refusals.close()
    registry.close()
    await store.close()
    await log.close()
  }

  await createOrganization(dependencies, setup, { name: 'Example & Co' })
  const addUser = async (name: string, roles: readonly GlobalRole[] = []): Promise<TestUser> => {
    const email = `${name.toLowerCase().replaceAll(' ', '.')}@example.com`
    const { userId } = await createUser(dependencies, setup, { kind: 'interactive', name, email, roles })
    const { tokenId, token } = await issueApiToken(dependencies, setup, { userId, name: 'test', expiresAt: null })
    return { userId, tokenId, token }
  }
  const administrator = await addUser('Ada Admin', ['globalAdministrator'])
  const auditor = await addUser('Otto Auditor', ['globalReader'])
  const submitter = await addUser('Sam Submitter')
  const approvers = [await addUser('Anna'), await addUser('Bert'), await addUser('Cora')] as const
  const { certificateId, keyId } = await createSelfSignedCertificate(dependencies, setup, {
    name: 'Test certificate',
    subject: { commonName: 'Test' },
    key: { algorithm: 'ec-p256' },
    notBefore: '2020-01-01T00:00:00.000Z',
    notAfter: '2090-01-01T00:00:00.000Z',
  })
  const { projectId } = await createProject(dependencies, setup, {
    slug: 'demo',
    name: 'Demo',
    description: null,
    repositoryUrl: 'https://example.com/demo',
  })
  const policy = async (slug: string, name: string, requiredApprovals: number) => {
    const approval = {
      approvers: approvers.map(({ userId }) => ({ user: userId })),
      requiredApprovals,
      submitterMayApprove: false,
      deadlineSeconds: null,
    }
    const settings = {
      name,
      certificateId,
      submitters: [{ user: submitter.userId }],
      approval: requiredApprovals === 0 ? null : approval,
      timestamp: 'required',
      release: false,
      existingSignatures: ['replace', 'append', 'refuse'],
    } as const
    return (await createSigningPolicy(dependencies, setup, { projectId, slug, settings })).signingPolicyId
  }
  const releasePolicyId = await policy('release-signing', 'Release', 2)
  const testPolicyId = await policy('test-signing', 'Test', 0)

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
    setup,
    organizationId,
    certificateId,
    projectId,
    releasePolicyId,
    testPolicyId,
    administrator,
    auditor,
    submitter,
    approvers,
    addUser,
    queries,
    logged,
    tell,
    ask: (user, query, variables = {}) => askServer(url, user?.token, query, variables),
    async upload(by, text = 'a program') {
      const caller = await application.authenticate({ apiToken: by.token }, undefined)
      const bytes = (async function* () {
        yield new TextEncoder().encode(text)
      })()
      return (await application.uploadArtifact(caller, { fileName: 'setup.exe', bytes })).uploadId
    },
    async submit(signingPolicy = 'release-signing', description = 'a build') {
      const caller = await application.authenticate({ apiToken: submitter.token }, undefined)
      const uploadId = await server.upload(submitter)
      const input = { project: 'demo', signingPolicy, source: { kind: 'uploadedFile', uploadId }, description }
      return (await application.submitSigningRequest(caller, input)).signingRequestId
    },
    async plan(signingRequestId, given) {
      const [caller] = [await application.authenticate({ apiToken: submitter.token }, undefined)]
      await server.caughtUp()
      const [request] = await readModel.signingRequestsByIds(caller.organizationId, [signingRequestId])
      if (request === undefined) throw new Error('The request is not there.')
      const artifact = knownArtifact(request)
      if (artifact === null) throw new Error('The request has no artifact.')
      const plan: SigningPlan = {
        kind: 'signingPlan',
        schemaVersion: 1,
        plannerVersion: 1,
        signingRequestId,
        projectId,
        signingPolicyId: request.signingPolicyId,
        signingPolicyVersion: 1,
        certificateId,
        certificateThumbprint: thumbprint,
        timestamp: 'required',
      }
      const nodes = given ?? [oneProgram(artifact)]
      const { digest: planDigest, ...stored } = await withComposedPlan(plan, nodes, { folder }, async (composed) => ({
        ...(await storeDocument(store, composed)),
        nodeCount: composed.entryCount,
        fileCount: composed.signedCount,
      }))
      const { document: planDocument, ...counts } = stored
      await tell(signingRequestId, { type: 'RecordRetrieval', artifact })
      const recorded = { planDigest, planDocument, plannerVersion: 1, ...counts }
      await tell(signingRequestId, { type: 'RecordPlan', ...recorded, at: now() })
      return planDigest
    },
    async complete(signingRequestId, planDigest, files) {
      const { sha256: signed, size } = await store.put(
        (async function* () {
          yield new TextEncoder().encode('a program with a signature')
        })(),
      )
      await tell(signingRequestId, {
        type: 'StartSigning',
        planDigest,
        certificateId,
        certificateThumbprint: thumbprint,
        keyId,
      })
      const signedArtifact = { fileName: 'setup.exe', sha256: signed, size }
      const timestamp = { time: now(), authority: 'http://tsa.example.com', uncovered: ['attribute certificates'] }
      const file = {
        node: 0,
        path: ['setup.exe'],
        unsignedSha256: 'ab'.repeat(32) as Sha256Digest,
        signedSha256: signed,
        signedSize: size,
        signatures: [{ directive: 'authenticode-sign', timestamp }],
      }
      const describe = () => ({
        kind: 'signingManifest' as const,
        schemaVersion: 1 as const,
        signingRequestId,
        attempt: 1,
        planDigest,
        certificateThumbprint: thumbprint,
        signedArtifact,
      })
      const manifest = await storeManifest(store, describe, files ?? [file], { folder })
      await tell(signingRequestId, {
        type: 'RecordSigned',
        attempt: 1,
        fileCount: manifest.fileCount,
        manifestDigest: manifest.digest,
        manifestDocument: manifest.document,
        files: manifest.files,
        signedArtifact,
      })
    },
    async caughtUp() {
      const head = await log.head()
      if (head !== undefined) await readModel.waitFor(head, { timeoutMs: 20_000 })
    },
    rebuild: () => rebuildReadModel({ log, database }),
  }
  if (project) await server.caughtUp()
  return server
}

/** Sends one operation over HTTP. */
export async function askServer(
  url: string,
  token: string | undefined,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query, variables }),
  })
  const text = await response.text()
  const { data, errors } = JSON.parse(text)
  return { status: response.status, headers: response.headers, data, errors, text }
}

/** The plan of an artifact that is a program, signed twice already. */
function oneProgram({ fileName, sha256, size }: Artifact): PlanNodeContent {
  return {
    kind: 'file',
    path: [fileName],
    outcome: 'signed',
    element: null,
    format: 'pe',
    sha256,
    size,
    existingSignatures: [
      {
        kind: 'signature',
        outcome: 'replaced',
        place: 'certificate table',
        depth: 0,
        sha256: 'ab'.repeat(32),
        signer: 'CN=Vendor',
        issuer: 'CN=Authority',
        serialNumber: '0a',
        digestAlgorithm: 'sha1',
        integrity: 'intact',
        timestamp: {
          kind: 'countersignature',
          time: '2020-01-01T00:00:00.000Z',
          authority: null,
          integrity: 'unchecked',
          uncovered: ['attribute certificates'],
        },
        uncovered: ['the unsigned attribute 1.2.3'],
      },
      {
        kind: 'unreadable',
        outcome: 'replaced',
        place: 'nested signature',
        depth: 1,
        sha256: 'cd'.repeat(32),
        reason: 'It is none.',
      },
    ],
    directives: [
      {
        directive: 'authenticode-sign',
        attributes: {
          'hash-algorithm': 'sha256',
          append: false,
          description: 'Demo',
          'description-url': null,
        },
        contentDigests: [{ content: 'image', algorithm: 'sha256', digest: 'cd'.repeat(32) }],
      },
    ],
  }
}
