import type { KeyObject } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import {
  type AnyRow,
  type AppendAudit,
  type AuditableLog,
  auditLog,
  charactersOf,
  createKeyRing,
  type ImportedExport,
  importExport,
} from '../event-log/index.ts'
import type { Settings } from './configuration.ts'
import { openLogAsStored } from './event-log.ts'

/** What the thread is to audit: the log of the settings, or an export of one. */
export type AuditTask = {
  readonly settings: Settings
  readonly installationKeys: readonly KeyObject[]
  /** A file that `countersign audit export` wrote, in the place of the log. */
  readonly exportPath: string | undefined
  /** Audit this stream alone. */
  readonly only: string | undefined
}

/** What the thread says, in this order: what became of an export; rows, until there are none left; what it found. */
export type AuditNews =
  | { readonly kind: 'opened'; readonly file: ImportedExport | null }
  | { readonly kind: 'rows'; readonly rows: readonly AnyRow[] }
  | { readonly kind: 'audited'; readonly audit: AppendAudit }
  | { readonly kind: 'failed'; readonly name: string; readonly code: string; readonly message: string }

/** So many characters of rows may be under way to who folds them: they wait in memory. */
const charactersUnderWay = 1024 * 1024

// The thread of one audit: it reads the log and checks everything in it, while the thread that asked folds what was checked. Each
// batch of rows is answered by a message when it was taken.
const { settings, installationKeys, exportPath, only } = workerData as AuditTask
const say = (news: AuditNews) => parentPort?.postMessage(news)
const underWay: number[] = []
let characters = 0
let taken: PromiseWithResolvers<void> | undefined

parentPort?.on('message', () => {
  characters -= underWay.shift() ?? 0
  taken?.resolve()
  taken = undefined
})

/** Sends rows, and waits when too many of them are not taken yet. */
function send(rows: readonly AnyRow[]): Promise<void> | undefined {
  if (rows.length === 0) return undefined
  let length = 0
  for (const row of rows) length += charactersOf(row)
  underWay.push(length)
  characters += length
  say({ kind: 'rows', rows })
  return characters > charactersUnderWay ? untilTaken() : undefined
}

async function untilTaken(): Promise<void> {
  while (characters > charactersUnderWay) {
    taken ??= Promise.withResolvers()
    await taken.promise
  }
}

async function open(): Promise<{ readonly log: AuditableLog; readonly file: ImportedExport | null }> {
  if (exportPath === undefined) return { log: await openLogAsStored(settings), file: null }
  return importExport(createReadStream(exportPath))
}

try {
  const { log, file } = await open()
  say({ kind: 'opened', file })
  const mayConceal = file !== null && file.header.organizationId !== null
  const audit = await auditLog(log, createKeyRing(log, installationKeys), { only, mayConceal }, send)
  say({ kind: 'audited', audit })
  await log.close()
} catch (error) {
  const { name, message, code = 'FAULT' } = error as Error & { readonly code?: string }
  say({ kind: 'failed', name, message, code })
}
parentPort?.close()
