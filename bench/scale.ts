import { randomUUID } from 'node:crypto'
import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import { createSelfSignedCertificate } from '../application/create-certificate.ts'
import { createProject } from '../application/create-project.ts'
import { createSigningPolicy } from '../application/create-signing-policy.ts'
import { createUser, issueApiToken } from '../application/create-user.ts'
import {
  type ApplicationDependencies,
  type Caller,
  createApplication,
  createOrganization,
  openRefusalAudit,
} from '../application/index.ts'
import { Setup } from '../application/setup.ts'
import {
  type ApiTokenId,
  type CertificateId,
  type OrganizationId,
  type Sha256Digest,
  type UserId,
  uploadedFile,
} from '../domain/index.ts'
import { type EventLog, openSqliteEventLog } from '../event-log/index.ts'
import { openReadModel, openSqliteReadModel, rebuildReadModel, startProjector } from '../projections/index.ts'
import { decidingWorkflows } from '../test/support/deciding-workflows.ts'
import { sealedNobody, testPersons } from '../test/support/persons.ts'
import { withFolder } from './folder.ts'
import { type GraphQLBench, serveGraphQL } from './graphql-subscribers.ts'
import { median } from './median.ts'
import { completedRequest, recordedAs } from './request-history.ts'

/** What one thing costs at both sizes, in milliseconds: the median of many. */
export type ScaleFigure = { readonly work: string; readonly smallMs: number; readonly largeMs: number }

/** So many are made at a time, and share their flushes. */
const madeAtOnce = 200
/** Each is measured so often; both sizes by turns, so that what else the machine does befalls both. */
const rounds = 40

/** Something that is measured, given a number that no two calls share. */
type Work = (installation: Installation, number: number) => Promise<unknown>

/** An organization with users and projects, as many of each, and a GraphQL server with a subscriber. */
type Installation = {
  readonly size: number
  readonly log: EventLog
  readonly setup: Setup
  readonly dependencies: ApplicationDependencies
  readonly certificateId: CertificateId
  readonly users: readonly { readonly userId: UserId; readonly token: string }[]
  readonly graphql: GraphQLBench
  readonly subscriber: AsyncGenerator<string>
  readonly close: () => Promise<void>
}

/**
 * Measures what must not depend on how many users and projects there are: authentication, submission, an event's way to a
 * subscriber, a query by slugs, and another project with its policy.
 */
export async function measureScale(small = 10, large = 10_000): Promise<readonly ScaleFigure[]> {
  return withFolder(async (folder) => {
    const installations = [await open(`${folder}/small`, small), await open(`${folder}/large`, large)] as const
    try {
      const figures: ScaleFigure[] = []
      for (const [work, { times, run }] of Object.entries(works)) {
        const [smallMs, largeMs] = await compare(installations, times, run)
        figures.push({ work, smallMs, largeMs })
      }
      return figures
    } finally {
      for (const { close } of installations) await close()
    }
  })
}

/** What is measured, and how often in a row. */
const works: Readonly<Record<string, { readonly times: number; readonly run: Work }>> = {
  authentication: {
    times: 50,
    run: async ({ dependencies, users }, number) =>
      createApplication(dependencies).authenticate({ apiToken: anyOf(users, number).token }, '192.0.2.1'),
  },
  submission: {
    times: 5,
    run: ({ dependencies, setup, users }, number) =>
      createApplication(dependencies).submitSigningRequest(caller(setup, anyOf(users, number).userId), {
        project: `project-${number % users.length}`,
        signingPolicy: 'release',
        source: { kind: 'uploadedFile', uploadId: 'bench' },
        description: null,
      }),
  },
  'event appended → answer of a subscription': {
    times: 5,
    async run({ log, setup, subscriber }) {
      const [submitted] = completedRequest(setup.organizationId)
      if (submitted === undefined) throw new Error('A request has events.')
      const answer = subscriber.next()
      await log.append(submitted.streamId, [recordedAs(submitted, setup.organizationId)], 'noStream')
      await answer
    },
  },
  'query of a policy by slugs': {
    times: 5,
    run: ({ graphql, users }, number) =>
      graphql.ask(
        `{ project(slug: "project-${number % users.length}") { name signingPolicies { slug } } signingRequests(first: 5, filter: { project: "project-${number % users.length}", signingPolicy: "release" }) { nodes { status } } }`,
      ),
  },
  'new project with a policy': {
    times: 5,
    run: (installation, number) => addProject(installation, `new-${number}`, anyOf(installation.users, number).userId),
  },
}

async function compare(
  installations: readonly [Installation, Installation],
  times: number,
  run: Work,
): Promise<readonly [number, number]> {
  const samples = installations.map((): number[] => [])
  let number = 0
  for (let round = 0; round < rounds; round += 1)
    for (const [index, installation] of installations.entries()) {
      // The next round's readers and writers find nothing left of the last one's to do.
      await eventLoopTurn()
      const start = performance.now()
      for (let time = 0; time < times; time += 1) {
        number += 1
        await run(installation, number * 7919)
      }
      samples[index]?.push((performance.now() - start) / times)
    }
  // The first rounds run code that is not compiled yet.
  const [small = Number.NaN, large = Number.NaN] = samples.map((each) => median(each.slice(rounds / 4)))
  return [small, large]
}

async function open(folder: string, size: number): Promise<Installation> {
  const now = () => new Date().toISOString()
  const log = openSqliteEventLog({ path: `${folder}-log.db` })
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
    },
    sources: { check: async () => uploadedFile(uploaded), accepted: async () => undefined },
    checkHeader: async () => undefined,
    submitters: { policiesOf: async () => [], catchUp: async () => undefined },
    artifacts: {
      async *read() {},
    },
    persons: testPersons(),
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
  const users: Installation['users'][number][] = []
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

async function addProject(
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

/** As authentication answers it. */
function caller({ organizationId }: Setup, userId: UserId): Caller {
  return {
    organizationId,
    userId,
    kind: 'interactive',
    person: sealedNobody,
    roles: [],
    authentication: { method: 'apiToken', tokenId: randomUUID() as ApiTokenId },
    remoteAddress: undefined,
    callId: randomUUID(),
  }
}

function anyOf<Item>(items: readonly Item[], number: number): Item {
  return items[number % items.length] as Item
}
