import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { issueApiToken } from '../../application/api-tokens.ts'
import { createSelfSignedCertificate } from '../../application/create-certificate.ts'
import { createProject } from '../../application/create-project.ts'
import { createSigningPolicy } from '../../application/create-signing-policy.ts'
import { createUser } from '../../application/create-user.ts'
import {
  type Application,
  type ApplicationDependencies,
  type ArtifactReader,
  type Caller,
  createApplication,
  createOrganization,
  type MailedTokens,
  openRefusalAudit,
  type SubmittedSource,
} from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import { checkHeader, createUploads, openFolderStore, openUploadRegistry } from '../../artifacts/index.ts'
import {
  type ApiTokenId,
  type ApprovalProcess,
  type CertificateId,
  type CommandRefused,
  type ExistingSignatureTreatment,
  existingSignatureTreatments,
  type GlobalRole,
  type Instant,
  type OrganizationId,
  type PrincipalReference,
  type ProjectId,
  type SigningPolicyId,
  type SigningRequestId,
  streams,
} from '../../domain/index.ts'
import { type EventLog, openSqliteEventLog, type RecordedEvent, readWholeStream } from '../../event-log/index.ts'
import { buildSystemForms } from '../../origin/index.ts'
import type { Persons } from '../../persons/index.ts'
import { sourceSummaries } from '../../server/source-summaries.ts'
import { signatureFormats } from '../../signing/formats.ts'
import { announcedUploadSource, createSources, earlierRequestSource, uploadedFileSource } from '../../sources/index.ts'
import { certificatesInLog } from './certificates-in-log.ts'
import { testConfigurationTexts } from './configuration-texts.ts'
import { decidingWorkflows, type Tell } from './deciding-workflows.ts'
import { type TestSecrets, testSecrets } from './kept-secrets.ts'
import { testLinkSource } from './link-source.ts'
import { testPersons } from './persons.ts'
import { statementsInMemory } from './proxy-statements.ts'
import { administratorsInLog, linkedBuildSystemsInLog, submittersInLog } from './submitters-in-log.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { testBuilds } from './test-builds.ts'
import { type TestWebHooks, testWebHooks } from './web-hooks.ts'

/** The use cases over a real log and a real artifact store; what Temporal would do, a test says with `tell`. */
export type TestApplication = {
  readonly application: Application
  readonly dependencies: ApplicationDependencies
  readonly setup: Setup
  /** What reads names and addresses. */
  readonly persons: Persons
  /** The file of the event log. */
  readonly logPath: string
  readonly tell: Tell
  /** The service's clock. */
  readonly clock: { now: Instant }
  /** Adds a user with an API token. */
  readonly user: (name: string, ...roles: readonly GlobalRole[]) => Promise<TestCaller>
  /** The refusals in an organization's security stream of the clock's day, in order; of the application's by default. */
  readonly refusals: (organization?: OrganizationId) => Promise<readonly RecordedRefusal[]>
  /** The same with all that stands in the log about them. */
  readonly securityEvents: (organization?: OrganizationId) => Promise<readonly RecordedEvent[]>
  /** What was kept that is secret, by purpose and id. */
  readonly secrets: TestSecrets['kept']
  /** Which of that expires, and when. */
  readonly expiringSecrets: TestSecrets['expiring']
  /** What web hooks have. */
  readonly webHooks: TestWebHooks
  /** Adds a certificate that can sign. */
  readonly certificate: () => Promise<CertificateId>
  /** Adds a project with one signing policy, `release`. */
  readonly policy: (members: {
    readonly submitters: readonly (TestCaller | PrincipalReference)[]
    readonly approval?: Pick<ApprovalProcess, 'requiredApprovals'> & {
      readonly approvers: readonly (TestCaller | PrincipalReference)[]
    }
    readonly slug?: string
    /** What submissions may ask for files that are signed already; everything by default. */
    readonly existingSignatures?: readonly ExistingSignatureTreatment[]
  }) => Promise<{
    readonly projectId: ProjectId
    readonly signingPolicyId: SigningPolicyId
    readonly certificateId: CertificateId
  }>
  /** Uploads and submits to the policy `release` of a project. */
  readonly submit: (caller: Caller, project?: string) => Promise<SigningRequestId>
}

/** An uploaded file, as it is submitted. */
export function uploaded(uploadId: string): SubmittedSource {
  return { kind: 'uploadedFile', uploadId }
}

/** A user, as a call brings them, and their token. */
export type TestCaller = Caller & { readonly tokenId: ApiTokenId; readonly token: string }

/** What a `CommandRefused` says. */
export type RecordedRefusal = CommandRefused['data']

/**
 * Opens them for a new organization; everything is gone when the running test has finished.
 *
 * @param options.log a log that nothing is in; SQLite, at `logPath`, by default
 */
export async function testApplication(
  options: { readonly log?: EventLog; readonly mailedTokens?: MailedTokens } = {},
): Promise<TestApplication> {
  const folder = temporaryFolder()
  const logPath = join(folder, 'event-log.db')
  const log = options.log ?? openSqliteEventLog({ path: logPath })
  const store = await openFolderStore({ path: join(folder, 'artifacts'), maximumSize: 1_000_000 })
  const registry = await openUploadRegistry({ path: join(folder, 'uploads'), now: () => new Date() })
  const clock = { now: '2026-03-01T12:00:00.000Z' }
  const now = () => clock.now
  const refusals = openRefusalAudit({ log, now, onError: (error) => Promise.reject(error) })
  onTestFinished(async () => {
    await refusals.close()
    await asking.close()
    registry.close()
    await store.close()
    await webHooks.notifications.close()
    await log.close()
  })
  const organizationId = randomUUID() as OrganizationId
  const { workflows, tell } = decidingWorkflows(log, organizationId, now)
  const uploads = createUploads({ store, registry })
  const artifacts: ArtifactReader = {
    async *read(sha256, range) {
      yield* (await store.open(sha256)).read(range)
    },
  }
  const submitters = submittersInLog(log)
  const asking = testBuilds(folder, now)
  const persons = testPersons()
  const webHooks = testWebHooks(folder, log)
  const secrets = testSecrets()
  const dependencies: ApplicationDependencies = {
    log,
    workflows,
    uploads,
    sources: createSources({
      kinds: [
        uploadedFileSource({ store, uploads }),
        announcedUploadSource({ uploads, lifetimeMs: 3_600_000, now }),
        testLinkSource({ now }),
        earlierRequestSource({ log, store }),
      ],
      store,
    }),
    builds: asking.builds,
    artifacts,
    checkHeader: (header) => checkHeader(signatureFormats, header),
    configurationTexts: testConfigurationTexts(store),
    sourceSummaries,
    submitters,
    certificates: certificatesInLog(log),
    administrators: administratorsInLog(log),
    linkedBuildSystems: linkedBuildSystemsInLog(log),
    persons,
    refusals,
    secrets: secrets.port,
    checkTarget: webHooks.checkTarget,
    buildSystems: buildSystemForms,
    webHooks: webHooks.ports,
    room: { require: async () => undefined },
    usedStatements: statementsInMemory(),
    now,
    ...(options.mailedTokens === undefined ? {} : { mailedTokens: options.mailedTokens }),
  }
  const application = createApplication(dependencies)
  const setup = new Setup(organizationId)
  await createOrganization(dependencies, setup, { name: 'Test' })

  async function securityEvents(organization: OrganizationId = organizationId): Promise<readonly RecordedEvent[]> {
    const { events } = await readWholeStream(log, streams.security(organization, clock.now))
    return events.filter(({ type }) => type !== 'RefusalEventsReserved')
  }

  async function certificate(): Promise<CertificateId> {
    const { certificateId } = await createSelfSignedCertificate(dependencies, setup, {
      name: 'test',
      subject: { commonName: 'Test' },
      key: { algorithm: 'ec-p256' },
      notBefore: '2020-01-01T00:00:00.000Z',
      notAfter: '2090-01-01T00:00:00.000Z',
    })
    return certificateId
  }

  return {
    application,
    dependencies,
    setup,
    persons,
    secrets: secrets.kept,
    expiringSecrets: secrets.expiring,
    webHooks,
    logPath,
    tell,
    clock,
    certificate,
    securityEvents,
    refusals: async (organization) =>
      (await securityEvents(organization)).map(({ data }) => data as unknown as RecordedRefusal),

    async user(name, ...roles) {
      const { userId } = await createUser(dependencies, setup, { kind: 'interactive', name, email: null, roles })
      const { tokenId, token } = await issueApiToken(dependencies, setup, { userId, name: 'test', expiresAt: null })
      return { ...(await application.authenticate({ apiToken: token }, '192.0.2.1')), tokenId, token }
    },

    async policy({ submitters, approval, slug = 'tool', existingSignatures = existingSignatureTreatments }) {
      const named = (members: readonly (TestCaller | PrincipalReference)[]): readonly PrincipalReference[] =>
        members.map((member) => ('userId' in member ? { user: member.userId } : member))
      const { projectId } = await createProject(dependencies, setup, {
        slug,
        name: 'Tool',
        description: null,
        repositoryUrl: null,
      })
      const certificateId = await certificate()
      const { signingPolicyId } = await createSigningPolicy(dependencies, setup, {
        projectId,
        slug: 'release',
        settings: {
          name: 'Release',
          certificateId,
          submitters: named(submitters),
          approval:
            approval === undefined
              ? null
              : {
                  approvers: named(approval.approvers),
                  requiredApprovals: approval.requiredApprovals,
                  submitterMayApprove: false,
                  deadlineSeconds: null,
                },
          timestamp: 'none',
          release: false,
          existingSignatures,
        },
      })
      return { projectId, signingPolicyId, certificateId }
    },

    async submit(caller, project = 'tool') {
      const bytes = oneChunk('a program')
      const { uploadId } = await application.uploadArtifact(caller, { fileName: 'setup.exe', bytes })
      const input = { project, signingPolicy: 'release', source: uploaded(uploadId), description: null }
      return (await application.submitSigningRequest(caller, input)).signingRequestId
    },
  }
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text)
}
