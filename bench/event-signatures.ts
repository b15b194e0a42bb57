import { createPublicKey, generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type OrganizationId, processRoles } from '../domain/index.ts'
import { type EventLog, openSqliteEventLog, withSignatures } from '../event-log/index.ts'
import { replayLog } from '../projections/index.ts'
import { readSettings } from '../server/configuration.ts'
import { newEventKey, newInstallationKey, parseEventKey } from '../server/event-keys.ts'
import { startThreadedAudit } from '../server/threaded-audit.ts'
import { median } from './median.ts'
import { completedRequest, recordedAs } from './request-history.ts'

const verifyOnThread = promisify(verify)
const organizationId = randomUUID() as OrganizationId

/** What signatures of appends cost. */
export type EventSignatureFigures = {
  /** 100 appends waiting at any time; medians of short rounds, one of each after the other. */
  readonly signedAppendsPerSecond: number
  readonly plainAppendsPerSecond: number
  /** Signed by plain: the median of what neighbouring rounds say, which saw the same disk. */
  readonly signedAppendsAgainstPlain: number
  /** `audit replay` of histories of requests, 100 at once: read, folded, every append checked. Up to 32 share a signature. */
  readonly auditedAppendsPerSecond: number
  /** The same of histories one after the other, where each append has a signature of its own. */
  readonly auditedLoneAppendsPerSecond: number
  /** An Ed25519 verification for each append, on messages of the same size, as many at once as the audit makes. */
  readonly bareSignaturesPerSecond: number
}

type AuditRate = { readonly appends: number; readonly appendsPerSecond: number }

const appendRounds = 100

/** Measures appends and audits in a temporary folder, which is removed again. */
export async function measureEventSignatures(requests = 3_000, loneRequests = 750): Promise<EventSignatureFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'))
  const { privateKey, publicKeyPem } = newInstallationKey()
  const installationKeys = [createPublicKey(publicKeyPem)]
  const key = () => parseEventKey(newEventKey(privateKey, processRoles, new Date().toISOString()), installationKeys)
  const open = (name: string) => openSqliteEventLog({ path: join(folder, name) })
  const plain = open('plain.db')
  const stored = open('signed.db')
  const signed = withSignatures(stored, key())
  try {
    const rounds: { readonly plain: number; readonly signed: number }[] = []
    for (let round = 0; round < appendRounds; round += 1)
      rounds.push({ plain: await appendRate(plain), signed: await appendRate(signed) })
    async function auditRate(name: string, write: (writer: EventLog) => Promise<void>): Promise<AuditRate> {
      const history = open(name)
      await write(withSignatures(history, key()))
      const settings = readSettings({
        environment: { COUNTERSIGN_EVENT_LOG: `sqlite:${join(folder, name)}`, COUNTERSIGN_DATA: folder },
      })
      const audit = await startThreadedAudit({ settings, installationKeys, exportPath: undefined, only: undefined })
      const start = performance.now()
      const { close } = await replayLog(audit.log)
      close()
      const { appends, faultCount } = await audit.result()
      const appendsPerSecond = (appends * 1_000) / (performance.now() - start)
      await audit.close()
      if (faultCount > 0) throw new Error(`The audit found ${faultCount} faults in what was just written.`)
      await history.close()
      return { appends, appendsPerSecond }
    }
    const together = await auditRate('together.db', async (writer) => {
      for (let written = 0; written < requests; written += 100)
        await Promise.all(Array.from({ length: 100 }, () => writeRequest(writer)))
    })
    const alone = await auditRate('alone.db', async (writer) => {
      for (let written = 0; written < loneRequests; written += 1) await writeRequest(writer)
    })
    return {
      signedAppendsPerSecond: median(rounds.map((round) => round.signed)),
      plainAppendsPerSecond: median(rounds.map((round) => round.plain)),
      signedAppendsAgainstPlain: median(rounds.map((round) => round.signed / round.plain)),
      auditedAppendsPerSecond: together.appendsPerSecond,
      auditedLoneAppendsPerSecond: alone.appendsPerSecond,
      bareSignaturesPerSecond: await bareRate(together.appends),
    }
  } finally {
    await plain.close()
    await signed.close()
    await rm(folder, { recursive: true })
  }
}

/** Appends of one event each, to streams of their own. */
async function appendRate(log: EventLog): Promise<number> {
  const count = 1_000
  const submissions = Array.from({ length: count }, () => completedRequest(organizationId).slice(0, 1))
  const start = performance.now()
  for (let done = 0; done < count; done += 100)
    await Promise.all(
      submissions.slice(done, done + 100).map((placed) => {
        const [{ streamId } = { streamId: '' }] = placed
        return log.append(
          streamId,
          placed.map((each) => recordedAs(each, organizationId)),
          'noStream',
        )
      }),
    )
  return (count * 1_000) / (performance.now() - start)
}

/** The events of a completed request, each appended by itself. */
async function writeRequest(log: EventLog): Promise<void> {
  for (const placed of completedRequest(organizationId)) {
    const { streamId, revision } = placed
    await log.append(streamId, [recordedAs(placed, organizationId)], revision === 0 ? 'noStream' : revision - 1)
  }
}

async function bareRate(count: number): Promise<number> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const message = Buffer.alloc(1_000, 'm')
  const signature = sign(null, message, privateKey)
  let left = count
  const start = performance.now()
  await Promise.all(
    Array.from({ length: 256 }, async () => {
      while (left > 0) {
        left -= 1
        if (!(await verifyOnThread(null, message, publicKey, signature))) throw new Error('A signature is wrong.')
      }
    }),
  )
  return (count * 1_000) / (performance.now() - start)
}
