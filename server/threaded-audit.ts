import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import {
  type AppendAudit,
  deliver,
  type EventLog,
  EventLogError,
  type EventLogErrorCode,
  ExportError,
  type ExportErrorCode,
  entryOf,
  type ImportedExport,
  partsOf,
  type ReadAllOptions,
  type RecordedEvent,
} from '../event-log/index.ts'
import type { AuditNews, AuditTask } from './audit-thread.ts'

/** An audit that is under way in a thread. */
export type ThreadedAudit = {
  /** What became of the export that is audited; `null` of the log itself. */
  readonly file: ImportedExport | null
  /** What is read here is what is audited, the same bytes. Read once; what is left is audited nevertheless. */
  readonly log: Pick<EventLog, 'readAll'>
  /** What the audit found in the whole log. */
  readonly result: () => Promise<AppendAudit>
  /** Ends the thread. */
  readonly close: () => Promise<void>
}

/**
 * Memory of the thread, in MiB. What it keeps of each stream is in a temporary file; the rest is the same for each log, and less
 * than this. Without a limit the collector would let the thread have a multiple before it looks for garbage.
 */
const resourceLimits = { maxOldGenerationSizeMb: 256 }

/**
 * Begins an audit in a thread of its own: reading a log and checking its signatures there takes about as long as folding what was
 * read takes here.
 *
 * @throws EventLogError, ExportError when what is audited cannot be opened
 */
export async function startThreadedAudit(task: AuditTask): Promise<ThreadedAudit> {
  const worker = new Worker(new URL('./audit-thread.ts', import.meta.url), { workerData: task, resourceLimits })
  const { next, end } = newsOf(worker)
  let audited: Promise<AppendAudit> | undefined

  function taken(): void {
    worker.postMessage('taken')
  }

  async function finish(): Promise<AppendAudit> {
    for (;;) {
      const news = await next()
      if (news.kind === 'audited') return news.audit
      if (news.kind === 'rows') taken()
    }
  }

  function result(): Promise<AppendAudit> {
    audited ??= finish()
    return audited
  }

  async function* readAll({ onUnreadable }: ReadAllOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    for (;;) {
      const news = await next()
      if (news.kind === 'audited') audited = Promise.resolve(news.audit)
      if (news.kind !== 'rows') return
      yield* deliver(
        news.rows.map((row) => entryOf(partsOf(row))),
        onUnreadable,
      )
      taken()
    }
  }

  try {
    const opened = await next()
    const file = opened.kind === 'opened' ? opened.file : null
    return { file, log: { readAll }, result, close: end }
  } catch (error) {
    await end()
    throw error
  }
}

type News = Exclude<AuditNews, { readonly kind: 'failed' }>

/** What a thread says, one after the other. */
function newsOf(worker: Worker): { readonly next: () => Promise<News>; readonly end: () => Promise<void> } {
  const waiting: AuditNews[] = []
  let wake: PromiseWithResolvers<void> | undefined
  let ended: Error | undefined
  const hasEnded = once(worker, 'exit').catch(() => undefined)
  const woken = () => {
    wake?.resolve()
    wake = undefined
  }
  worker.on('message', (news: AuditNews) => {
    waiting.push(news)
    woken()
  })
  worker.on('error', (error) => {
    ended = error instanceof Error ? error : new Error(String(error))
    woken()
  })
  worker.on('exit', () => {
    ended ??= new Error('The thread that audits the log ended before it was finished.')
    woken()
  })
  return {
    async next() {
      for (;;) {
        const news = waiting.shift()
        if (news?.kind === 'failed') throw errorOf(news)
        if (news !== undefined) return news
        if (ended !== undefined) throw ended
        wake ??= Promise.withResolvers()
        await wake.promise
      }
    },
    async end() {
      await worker.terminate()
      await hasEnded
    },
  }
}

/** The error that a thread was ended by, which came as a message: classes do not pass between threads. */
function errorOf({ name, code, message }: Extract<AuditNews, { readonly kind: 'failed' }>): Error {
  if (name === 'EventLogError') return new EventLogError(code as EventLogErrorCode, message)
  if (name === 'ExportError') return new ExportError(code as ExportErrorCode, message)
  return Object.assign(new Error(message), { name, code })
}
