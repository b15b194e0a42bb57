import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import type { Caller } from '../application/index.ts'
import type { CertificateId, ProjectId } from '../domain/index.ts'
import { readSettings } from '../server/configuration.ts'
import { readCredentials } from '../server/embedded/credentials.ts'
import { type EmbeddedService, startEmbedded } from '../server/embedded/index.ts'
import { prepareSoftHsm } from '../server/embedded/softhsm.ts'
import { logTemporalTo } from '../server/temporal.ts'
import { openToken, type TokenKey } from '../signing/pkcs11/index.ts'
import { median, quantile } from './median.ts'
import { startNoOps } from './no-op/start.ts'
import { milliseconds, perSecond } from './pace.ts'

/** Hash signing with a P-256 key in SoftHSM2: every check, event and verification included. */
export type HashSigningFigures = {
  /** Requests of one hash, 16 callers at once. */
  readonly requestsPerSecond: number
  readonly noOpsPerSecond: number
  /** The slowest hundredth of each, in milliseconds. */
  readonly requestP99: number
  readonly noOpP99: number
  /** Hashes of one request with a thousand of them. */
  readonly hashesPerSecond: number
  /** As many hashes signed one by one by the token alone, over all of its sessions, each signature checked by the token. */
  readonly tokenPerSecond: number
}

const [atOnce, many] = [16, 1_000]

/** Measures hash signing against no-op workflows and against the bare token, by turns, on one embedded service. */
export async function measureHashSigning({ rounds = 3, perRound = 240 } = {}): Promise<HashSigningFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'))
  const logger: Logger = pino({ level: 'silent' })
  await logTemporalTo(logger)
  const settings = readSettings({ environment: { COUNTERSIGN_DATA: folder, COUNTERSIGN_PORT: '0' } })
  const service = await startEmbedded({ settings, demo: true, logger, report: () => undefined })
  try {
    const credentials = await readCredentials(folder)
    const callerOf = (user: string) =>
      service.application.authenticate({ apiToken: credentials?.users[user]?.token }, undefined)
    const ci = await callerOf('ci')
    await allowHashes(service, await callerOf('administrator'), ci)
    const noOps = await startNoOps(service, logger)
    const key = await testKey(folder)
    const requests: number[] = []
    const idle: number[] = []
    const requestTimes: number[] = []
    const noOpTimes: number[] = []
    await perSecond(noOps.run, { count: atOnce * 4, atOnce })
    await perSecond(() => sign(service, ci, 1), { count: atOnce * 4, atOnce })
    for (let round = 0; round < rounds; round += 1) {
      idle.push(await perSecond(noOps.run, { count: perRound, atOnce, times: noOpTimes }))
      requests.push(await perSecond(() => sign(service, ci, 1), { count: perRound, atOnce, times: requestTimes }))
    }
    const thousand: number[] = []
    const bare: number[] = []
    for (let round = 0; round < 2 * rounds; round += 1) {
      thousand.push((many * 1_000) / (await milliseconds(() => sign(service, ci, many))))
      bare.push((many * 1_000) / (await milliseconds(() => signBare(key.key))))
    }
    await key.close()
    await noOps.close()
    return {
      requestsPerSecond: median(requests),
      noOpsPerSecond: median(idle),
      requestP99: quantile(requestTimes, 0.99),
      noOpP99: quantile(noOpTimes, 0.99),
      hashesPerSecond: median(thousand),
      tokenPerSecond: median(bare),
    }
  } finally {
    await service.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** A policy beside that of the demo's test signing, with its certificate, that signs hashes. */
async function allowHashes({ application, dependencies }: EmbeddedService, administrator: Caller, { userId }: Caller) {
  for await (const events of dependencies.log.readAll())
    for (const { type, data } of events)
      if (type === 'SigningPolicyCreated' && data.slug === 'test-signing')
        return application.createSigningPolicy(administrator, {
          projectId: data.projectId as ProjectId,
          slug: 'hashes',
          settings: {
            name: 'Hashes',
            certificateId: (data.settings as { certificateId: CertificateId }).certificateId,
            submitters: [{ user: userId }],
            approval: null,
            timestamp: 'none',
            release: false,
            existingSignatures: ['replace'],
            hashSigningAllowed: true,
          },
        })
  throw new Error('The demo has no policy test-signing.')
}

const hashes = (count: number) =>
  Array.from({ length: count }, (_, index) => createHash('sha256').update(`${randomUUID()} ${index}`).digest())

/** One request, from its submission to its signatures; when they take longer than one call waits, its caller asks again. */
async function sign({ application }: EmbeddedService, ci: Caller, count: number): Promise<void> {
  const input = {
    project: 'demo',
    signingPolicy: 'hashes',
    description: null,
    idempotencyKey: randomUUID(),
    payload: {
      signatureAlgorithm: 'Ecdsa',
      rsaHashAlgorithm: null,
      ecdsaSignatureFormat: 'Asn1',
      hashes: hashes(count).map((hash) => hash.toString('base64')),
      metadata: null,
    },
  } as const
  for (;;) {
    const answer = await application.signHashes(ci, input).catch((error: Error & { readonly code?: string }) => {
      // On a machine that others load, Temporal may not have begun it by then.
      if (error.code === 'TEMPORAL_UNAVAILABLE') return undefined
      throw error
    })
    if (answer?.signatures?.length === count) return
    if (answer?.failure != null)
      throw new Error(`A request to sign hashes is ${answer.workflowStatus}: ${answer.failure.message}`)
    await pause(50)
  }
}

/** The key of the certificate, in a token of this process beside that of the service. */
async function testKey(folder: string): Promise<{ readonly key: TokenKey; readonly close: () => Promise<void> }> {
  const { modulePath, tokenLabel, pin, configPath } = await prepareSoftHsm({ dataDirectory: folder })
  const token = await openToken({ modulePath, tokenLabel, pin, softHsmConfigPath: configPath })
  const key = (await token.listKeys()).find(({ algorithm }) => algorithm === 'ec-p256')
  if (key === undefined) throw new Error('The token has no key of P-256.')
  return { key, close: () => token.close() }
}

async function signBare(key: TokenKey): Promise<void> {
  await Promise.all(hashes(many).map((hash) => key.sign('sha256', hash)))
}
