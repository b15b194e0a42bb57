import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Logger } from 'pino'
import { signerActivities, withAttribution } from '../activities/index.ts'
import { type RefusalAudit, unknownOrganization } from '../application/index.ts'
import type { SignerScratch } from '../artifacts/index.ts'
import { type CertificateId, type OrganizationId, type SigningRequestId, streams } from '../domain/index.ts'
import { type EventLog, readLastRevisions } from '../event-log/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import { signatureFormats } from '../signing/formats.ts'
import { type OpenTokenOptions, openToken, type Token } from '../signing/pkcs11/index.ts'
import { createTimestampClient } from '../signing/timestamp/index.ts'
import { parseCertificates } from '../signing/x509/index.ts'
import { signerTaskQueue } from '../workflows/contract.ts'
import { environmentVariable } from './configuration.ts'
import { ConfigurationError } from './configuration-error.ts'
import type { Artifacts } from './stores.ts'
import { type RunningWorker, runWorker, type TemporalTarget } from './temporal.ts'

/** A signer at work: the only part of the service that is logged in to the token. */
export type Signer = RunningWorker & { readonly token: Token }

/** How long one time-stamp authority may take before the next is asked, in milliseconds. */
const timestampTimeout = 15_000

/** Logs in to the token and listens on the signer's task queue. */
export async function startSigner(options: {
  readonly log: EventLog
  /** The same log; what is read in it a process of the service wrote. Decisions about keys rest on it alone. */
  readonly verified: EventLog
  readonly artifacts: Artifacts
  /** Where files are signed before the store gets them. */
  readonly scratch: SignerScratch
  readonly passes: FilePasses
  readonly temporal: TemporalTarget
  readonly token: OpenTokenOptions
  readonly timestampUrls: readonly string[]
  /** A PEM file with the certificates that time-stamps must lead to; without one, any authority is taken. */
  readonly timestampCertificates: string | undefined
  /** How far the time of a time-stamp may be from this machine's clock, in seconds. */
  readonly timestampMaximumSkew: number
  readonly refusals: RefusalAudit
  readonly now: () => string
  readonly logger: Logger
}): Promise<Signer> {
  const { log, artifacts, scratch, passes, temporal, refusals, now, logger } = options
  const [first, ...others] = options.timestampUrls
  const trusted = await readTrusted(options.timestampCertificates)
  const timestamps =
    first === undefined
      ? undefined
      : createTimestampClient({
          urls: [first, ...others],
          transport: fetch,
          timeoutMs: timestampTimeout,
          maximumSkewMs: options.timestampMaximumSkew * 1000,
          ...(trusted === undefined ? {} : { trustedCertificates: trusted }),
        })
  const token = await openToken(options.token)
  const activities = signerActivities({
    log: withAttribution(options.verified),
    lastRevisions: (streamIds) => readLastRevisions(log, streamIds),
    store: artifacts.store,
    token,
    timestamps,
    trustedTimestampCertificates: trusted,
    scratch,
    passes,
    formats: signatureFormats,
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

async function readTrusted(file: string | undefined): Promise<readonly Uint8Array[] | undefined> {
  if (file === undefined) return undefined
  try {
    return parseCertificates(await readFile(file)).map(({ der }) => der)
  } catch (error) {
    throw new ConfigurationError(
      'CONFIGURATION_INVALID',
      `${environmentVariable('timestampCertificates')} names ${file}, which cannot be read as certificates in PEM: ${(error as Error).message}`,
      { cause: error },
    )
  }
}
