import { readFile } from 'node:fs/promises'
import { createSelfSignedCertificate } from '../../application/create-certificate.ts'
import { createSigningPolicy } from '../../application/create-signing-policy.ts'
import { handleCommand } from '../../application/handle-command.ts'
import { Setup } from '../../application/setup.ts'
import { projectSlugStream } from '../../application/slug-streams.ts'
import {
  type ApprovalProcess,
  existingSignatureTreatments,
  fold,
  type OrganizationId,
  type ProjectId,
  projectSlugDecider,
  streams,
  type UserCommand,
  type UserId,
  userDecider,
} from '../../domain/index.ts'
import { type EventLog, readWholeStream } from '../../event-log/index.ts'
import { readSettings } from '../../server/configuration.ts'
import { type Credentials, readCredentials } from '../../server/embedded/credentials.ts'
import { payloadKeyPath } from '../../server/embedded/index.ts'
import { readRuntimeFacts } from '../../server/embedded/runtime-facts.ts'
import { openServiceLog } from '../../server/event-log.ts'
import { connectClient } from '../../server/temporal.ts'
import { temporalWorkflows } from '../../workflows/client.ts'
import { administratorsInLog } from './submitters-in-log.ts'

/** The demo organization of a running embedded service, with ways to add to it. */
export type EmbeddedOrganization = {
  readonly credentials: Credentials
  /** The service's own log, opened by the test. */
  readonly log: EventLog
  /**
   * Adds a signing policy to the project `demo` with a key of its own.
   *
   * @param policy.approvers two of them must approve; users of the credentials file, as are the submitters
   * @param policy.deadlineSeconds for the approvals; none by default
   */
  readonly addPolicy: (policy: {
    readonly slug: string
    readonly notAfter: Date
    readonly submitters: readonly string[]
    readonly approvers: readonly string[]
    readonly deadlineSeconds?: number | null
  }) => Promise<void>
  /** Takes all that a user may do, and gives it back. */
  readonly deactivate: (user: string) => Promise<void>
  readonly reactivate: (user: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** Opens the organization of the embedded service that runs on a data directory. */
export async function openEmbeddedOrganization(data: string): Promise<EmbeddedOrganization> {
  const credentials = await readCredentials(data)
  const facts = await readRuntimeFacts(data)
  if (credentials === undefined || facts === undefined) throw new Error(`No service with a demo runs on ${data}.`)
  // As the service itself: what it does not sign is nobody's.
  const { log } = await openServiceLog(readSettings({ environment: { COUNTERSIGN_DATA: data } }), ['api'])
  const { client, close: disconnect } = connectClient({
    address: facts.temporalAddress,
    namespace: 'default',
    payloadKeys: await readFile(payloadKeyPath(data), 'utf8'),
  })
  const dependencies = { log, now: () => new Date().toISOString(), workflows: temporalWorkflows(client) }
  const organizationId = credentials.organizationId as OrganizationId
  const setup = new Setup(organizationId)
  const idOf = (name: string) => credentials.users[name]?.userId as UserId
  const named = (names: readonly string[]) => names.map((name) => ({ user: idOf(name) }))
  const change = (user: string, command: UserCommand) =>
    handleCommand(dependencies, setup, streams.user(idOf(user)), userDecider, command)

  return {
    credentials,
    log,
    async addPolicy({ slug, notAfter, submitters, approvers, deadlineSeconds = null }) {
      const { certificateId } = await createSelfSignedCertificate(dependencies, setup, {
        name: slug,
        subject: { commonName: `Countersign test ${slug}` },
        key: { algorithm: 'ec-p256' },
        notBefore: new Date(Date.now() - 60_000).toISOString(),
        notAfter: notAfter.toISOString(),
      })
      const approval: ApprovalProcess = {
        approvers: named(approvers),
        requiredApprovals: 2,
        submitterMayApprove: false,
        deadlineSeconds,
      }
      const common = { name: slug, certificateId, timestamp: 'required', release: false } as const
      const existingSignatures = existingSignatureTreatments
      await createSigningPolicy({ ...dependencies, administrators: administratorsInLog(log) }, setup, {
        projectId: await demoProject(log, organizationId),
        slug,
        settings: { ...common, existingSignatures, submitters: named(submitters), approval },
      })
    },
    deactivate: async (user) => void (await change(user, { type: 'DeactivateUser', reason: null })),
    reactivate: async (user) => void (await change(user, { type: 'ReactivateUser' })),
    async close() {
      await disconnect()
      await log.close()
    },
  }
}

async function demoProject(log: EventLog, organizationId: OrganizationId): Promise<ProjectId> {
  const { events } = await readWholeStream(log, projectSlugStream(organizationId, 'demo'))
  const { holder } = fold(projectSlugDecider, events)
  if (holder === null) throw new Error('There is no project demo.')
  return holder
}
