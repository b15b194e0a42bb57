import { randomUUID } from 'node:crypto'
import { issueApiToken } from '../application/api-tokens.ts'
import { createSelfSignedCertificate } from '../application/create-certificate.ts'
import { createProject } from '../application/create-project.ts'
import { createSigningPolicy } from '../application/create-signing-policy.ts'
import { createUser } from '../application/create-user.ts'
import {
  type ApplicationDependencies,
  createApplication,
  createOrganization,
  openRefusalAudit,
} from '../application/index.ts'
import { Setup } from '../application/setup.ts'
import {
  type CertificateId,
  type OrganizationId,
  type Sha256Digest,
  type UserId,
  uploadedFile,
} from '../domain/index.ts'
import { type EventLog, openSqliteEventLog } from '../event-log/index.ts'
import { openReadModel, openSqliteReadModel, rebuildReadModel, startProjector } from '../projections/index.ts'
import {
  noBuildSystems,
  noBuilds,
  noConfigurationTexts,
  noSecrets,
  noTargets,
  noWebHooks,
} from '../server/answers-nobody.ts'
import { apiCacheKibibytes } from '../server/event-log.ts'
import { sourceSummaries } from '../server/source-summaries.ts'
import { certificatesInLog } from '../test/support/certificates-in-log.ts'
import { decidingWorkflows } from '../test/support/deciding-workflows.ts'
import { testPersons } from '../test/support/persons.ts'
import { type GraphQLBench, serveGraphQL } from './graphql-subscribers.ts'

/** So many are made at a time, and share their flushes. */
const madeAtOnce = 200
type BenchUser = { readonly userId: UserId; readonly token: string }

/** An organization with users and projects, as many of each, and a GraphQL server with a subscriber. */
export type Installation = {
  readonly size: number
  readonly log: EventLog
  readonly setup: Setup
  readonly dependencies: ApplicationDependencies
  readonly certificateId: CertificateId
  readonly users: readonly BenchUser[]
  readonly graphql: GraphQLBench
  readonly subscriber: AsyncGenerator<string>
  readonly close: () => Promise<void>
}

/** Makes an installation of a size, in files whose names begin with `folder`. */
export async function openInstallation(folder: string, size: number): Promise<Installation> {
  const now = () => new Date().toISOString()
  const log = openSqliteEventLog({ path: `${folder}-log.db`, readerCacheKibibytes: apiCacheKibibytes })
  const organizationId = randomUUID() as OrganizationId
  const setup = new Setup(organizationId)
  const refusals = openRefusalAudit({ log, now, onError: (error) => Promise.reject(error) })
  const uploaded = { uploadId: 'bench', fileName: 'setup.exe', sha256: 'a'.repeat(64) as Sha256Digest, size: 1 }
  const dependencies: ApplicationDependencies = {
    log,
    refusals,
    now,
    workflows: decidingWorkflows(log, organizationId, now).workflows,
    uploads: {
      receive: async () => uploaded,
      admit: async () => undefined,
      discard: async () => undefined,
    },
    sources: {
      check: async () => uploadedFile(uploaded),
      keepSecrets: async (source) => source,
      chosen: (source) => source,
      accepted: async () => undefined,
    },
    builds: noBuilds,
    checkHeader: async () => undefined,
    configurationTexts: noConfigurationTexts,
    sourceSummaries,
    submitters: { policiesOf: async () => [], catchUp: async () => undefined },
    certificates: certificatesInLog(log),
    administrators: { of: async () => [], catchUp: async () => undefined },
    linkedBuildSystems: { of: async () => [], ofJobs: async () => [], catchUp: async () => undefined },
    artifacts: {
      async *read() {},
    },
    persons: testPersons(),
    secrets: noSecrets,
    checkTarget: noTargets,
    buildSystems: noBuildSystems,
    webHooks: noWebHooks,
    room: { require: async () => undefined },
  }
  await createOrganization(dependencies, setup, { name: 'Bench' })
  const { certificateId } = await createSelfSignedCertificate(dependencies, setup, {
    name: 'bench',
    subject: { commonName: 'Bench' },
    key: { algorithm: 'ec-p256' },
    notBefore: '2020-01-01T00:00:00.000Z',
    notAfter: '2090-01-01T00:00:00.000Z',
  })
  const users: BenchUser[] = []
  for (let made = 0; made < size; made += madeAtOnce)
    await Promise.all(
      Array.from({ length: Math.min(madeAtOnce, size - made) }, async (_, index) => {
        const name = `User ${made + index}`
        const reader = { kind: 'interactive', name, email: null, roles: ['globalReader'] } as const
        const { userId } = await createUser(dependencies, setup, reader)
        const { token } = await issueApiToken(dependencies, setup, { userId, name: 'bench', expiresAt: null })
        users[made + index] = { userId, token }
        await addProject({ dependencies, setup, certificateId }, `project-${made + index}`, userId)
      }),
    )

  const database = openSqliteReadModel({ path: `${folder}-read-model.db` })
  await rebuildReadModel({ log, database })
  const { readModel, progress } = openReadModel(database)
  const projector = startProjector({ log, database, progress })
  const head = await log.head()
  if (head !== undefined) await readModel.waitFor(head, { timeoutMs: 300_000 })
  const graphql = await serveGraphQL(createApplication(dependencies), readModel, anyOf(users, 0).token)
  return {
    size,
    log,
    setup,
    dependencies,
    certificateId,
    users,
    graphql,
    subscriber: await graphql.subscribe(head ?? null),
    async close() {
      await graphql.close()
      await projector.stop()
      await readModel.close()
      await refusals.close()
      await log.close()
    },
  }
}

/** Adds a project with a policy that one user submits to. */
export async function addProject(
  { dependencies, setup, certificateId }: Pick<Installation, 'dependencies' | 'setup' | 'certificateId'>,
  slug: string,
  submitter: UserId,
): Promise<void> {
  const call = setup.anotherCall()
  const { projectId } = await createProject(dependencies, call, {
    slug,
    name: slug,
    description: null,
    repositoryUrl: null,
  })
  await createSigningPolicy(dependencies, call, {
    projectId,
    slug: 'release',
    settings: {
      name: 'Release',
      certificateId,
      submitters: [{ user: submitter }],
      approval: null,
      timestamp: 'none',
      release: false,
      existingSignatures: ['replace', 'append', 'refuse'],
    },
  })
}

/** One of some items, by a number. */
export function anyOf<Item>(items: readonly Item[], number: number): Item {
  return items[number % items.length] as Item
}
