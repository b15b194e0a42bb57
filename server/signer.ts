import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { signerActivities } from '../activities/index.ts'
import { type RefusalAudit, unknownOrganization } from '../application/index.ts'
import { type CertificateId, type OrganizationId, type SigningRequestId, streams } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { type OpenTokenOptions, openToken, type Token } from '../signing/pkcs11/index.ts'
import { createTimestampClient } from '../signing/timestamp/index.ts'
import { signerTaskQueue } from '../workflows/contract.ts'
import type { Artifacts } from './stores.ts'
import { type RunningWorker, runWorker, type TemporalTarget } from './temporal.ts'

/** A signer at work: the only part of the service that is logged in to the token. */
export type Signer = RunningWorker & { readonly token: Token }

/** How long one time-stamp authority may take before the next is asked, in milliseconds. */
const timestampTimeout = 15_000

/** Logs in to the token and listens on the signer's task queue. */
export async function startSigner(options: {
  readonly log: EventLog
  readonly artifacts: Artifacts
  readonly temporal: TemporalTarget
  readonly token: OpenTokenOptions
  readonly timestampUrls: readonly string[]
  readonly refusals: RefusalAudit
  readonly now: () => string
  readonly logger: Logger
}): Promise<Signer> {
  const { log, artifacts, temporal, refusals, now, logger } = options
  const [first, ...others] = options.timestampUrls
  const timestamps =
    first === undefined
      ? undefined
      : createTimestampClient({ urls: [first, ...others], transport: fetch, timeoutMs: timestampTimeout })
  const token = await openToken(options.token)
  const activities = signerActivities({
    log,
    store: artifacts.store,
    token,
    timestamps,
    now,
    async recordRefusal(command, subject, refusal) {
      logger.warn({ command, subject, code: refusal.code }, 'the signer refused')
      await refusals.record({
        organizationId: await organizationOf(log, command, subject),
        actor: { kind: 'system', component: 'signer' },
        remoteAddress: undefined,
        command,
        subject,
        refusal,
        callId: randomUUID(),
      })
    },
  })
  try {
    const worker = await runWorker(
      temporal,
      { taskQueue: signerTaskQueue, activities: { ...activities }, maxConcurrentActivityTaskExecutions: 8 },
      logger,
    )
    return {
      token,
      problem: worker.problem,
      async close() {
        await worker.close()
        await token.close()
      },
    }
  } catch (error) {
    await token.close()
    throw error
  }
}

/** The organization of what was refused, as the first event of its stream says. */
async function organizationOf(log: EventLog, command: string, subject: string): Promise<OrganizationId> {
  const stream =
    command === 'sign'
      ? streams.signingRequest(subject as SigningRequestId)
      : streams.certificate(subject as CertificateId)
  for await (const [first] of log.readStream(stream, { maxCount: 1 }))
    if (first !== undefined) return first.metadata.organizationId
  return unknownOrganization
}
