import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { signerActivities, withAttribution } from '../activities/index.ts'
import { type RefusalAudit, unknownOrganization } from '../application/index.ts'
import type { SignerScratch, TreePlanning } from '../artifacts/index.ts'
import {
  type CertificateId,
  type KeyId,
  type KeyStoreName,
  type OrganizationId,
  type SigningRequestId,
  streams,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import { signatureFormats } from '../signing/formats.ts'
import { type KeyStores, type OpenTokenOptions, openKeyStores } from '../signing/pkcs11/index.ts'
import { createTimestampClient } from '../signing/timestamp/index.ts'
import { signerTaskQueue } from '../workflows/contract.ts'
import type { Artifacts } from './stores.ts'
import { type RunningWorker, runWorker, type TemporalTarget } from './temporal.ts'
import { readTrusted } from './trusted-certificates.ts'

/** A signer at work: the only part of the service that is logged in to key stores. */
export type Signer = RunningWorker & { readonly keyStores: KeyStores }

/** How long one time-stamp authority may take before the next is asked, in milliseconds. */
const timestampTimeout = 15_000

/** Logs in to the key stores and listens on the signer's task queue. */
export async function startSigner(options: {
  readonly log: EventLog
  /** The same log; what is read in it a process of the service wrote. Decisions about keys rest on it alone. */
  readonly verified: EventLog
  readonly artifacts: Artifacts
  /** Where files are signed before the store gets them. */
  readonly scratch: SignerScratch
  readonly passes: FilePasses
  readonly temporal: TemporalTarget
  readonly keyStores: ReadonlyMap<KeyStoreName, OpenTokenOptions>
  readonly timestampUrls: readonly string[]
  /** A PEM file with the certificates that time-stamps must lead to; without one, any authority is taken. */
  readonly timestampCertificates: string | undefined
  /** How far the time of a time-stamp may be from this machine's clock, in seconds. */
  readonly timestampMaximumSkew: number
  /** What is done with what is in artifacts. */
  readonly trees: TreePlanning
  readonly refusals: RefusalAudit
  readonly now: () => string
  readonly logger: Logger
}): Promise<Signer> {
  const { log, artifacts, scratch, passes, temporal, refusals, now, logger } = options
  const [first, ...others] = options.timestampUrls
  const trusted = await readTrusted('timestampCertificates', options.timestampCertificates)
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
  const keyStores = await openKeyStores(options.keyStores, (keyStore, error) =>
    logger.warn({ keyStore, err: error }, 'a key store cannot be reached; it is opened when it is needed'),
  )
  const activities = signerActivities({
    log: withAttribution(options.verified),
    lastRevisions: (streamIds) => log.lastRevisions(streamIds),
    store: artifacts.store,
    keyStores,
    timestamps,
    trustedTimestampCertificates: trusted,
    scratch,
    passes,
    formats: signatureFormats,
    trees: options.trees,
    now,
    async recordRefusal(command, subject, refusal) {
      logger.warn({ command, subject, code: refusal.code }, 'the signer refused')
      const stream = subjectStreams[command]?.(subject) ?? null
      await refusals.record({
        organizationId: await organizationOf(log, stream),
        actor: { kind: 'system', component: 'signer' },
        command,
        subject: stream,
        code: refusal.code,
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
      keyStores,
      problem: worker.problem,
      async close() {
        await worker.close()
        await keyStores.close()
      },
    }
  } catch (error) {
    await keyStores.close()
    throw error
  }
}

/** The stream of what each command of the signer is about. */
const subjectStreams: Readonly<Record<string, (subject: string) => string>> = {
  sign: (subject) => streams.signingRequest(subject as SigningRequestId),
  generateKey: (subject) => streams.key(subject as KeyId),
  importKey: (subject) => streams.key(subject as KeyId),
  issueCertificate: (subject) => streams.certificate(subject as CertificateId),
}

/** The organization of what was refused, as the first event of its stream says. */
async function organizationOf(log: EventLog, stream: string | null): Promise<OrganizationId> {
  if (stream === null) return unknownOrganization
  for await (const [first] of log.readStream(stream, { maxCount: 1 }))
    if (first !== undefined) return first.metadata.organizationId
  return unknownOrganization
}
