import { type Instant, Refusal } from '../domain/index.ts'
import { type EventLog, EventLogError, exportLog, isLogPosition } from '../event-log/index.ts'
import type { Caller } from './caller.ts'

/** What to export. */
export type ExportAuditLogInput = {
  /** A position that this log gave out, to begin at; from the beginning without it. */
  readonly from?: string | undefined
  /** Fails when the caller may not have it any more. Asked every second while an export lasts, which then ends. */
  readonly stillAllowed: () => Promise<void>
}

/** Exports what is an organization's of the log. */
export type AuditLogExports = (caller: Caller, input: ExportAuditLogInput) => Promise<AsyncIterable<Uint8Array>>

/** How often it is asked whether an export may go on, in milliseconds. */
const askAgainMs = 1_000

/**
 * Opens exports of the audit log as JSON Lines, with everything that is needed to check them offline and nothing of other
 * organizations. Each reads the whole log, so an organization can have one at a time of each process.
 *
 * Refuses with `POSITION_MALFORMED`, `EXPORT_IN_PROGRESS`.
 */
export function openAuditLogExports({
  log,
  now,
  askAfterMs = askAgainMs,
}: {
  readonly log: Pick<EventLog, 'readAll'>
  readonly now: () => Instant
  /** How long an export goes on before it is asked whether it may, in milliseconds. */
  readonly askAfterMs?: number
}): AuditLogExports {
  const underWay = new Set<string>()

  return async ({ organizationId }, { from, stillAllowed }) => {
    if (from !== undefined && !isLogPosition(from)) throw malformed(from)
    if (underWay.has(organizationId))
      throw new Refusal(
        'EXPORT_IN_PROGRESS',
        'The audit log of this organization is being exported already. Wait until that is over.',
      )
    underWay.add(organizationId)
    const chunks = exportLog(log, { organizationId, from, now: now() })
    const release = () => void underWay.delete(organizationId)
    try {
      // Whether the log can be read from there shows with the first of it, while there is still an answer to be given.
      return withFirst(await chunks.next(), chunks, release, askingEvery(askAfterMs, stillAllowed))
    } catch (error) {
      release()
      if (error instanceof EventLogError && error.code === 'EVENT_LOG_ARGUMENT_INVALID') throw malformed(from ?? '')
      throw error
    }
  }
}

/**
 * Pieces whose first was taken already. Whoever gives them up, at whatever moment, has to say so by `return`: a generator would not
 * notice it before its first piece was asked for.
 */
function withFirst(
  first: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
  release: () => void,
  requireAllowed: () => Promise<void>,
): AsyncIterable<Uint8Array> {
  let next: IteratorResult<Uint8Array> | undefined = first
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      const given = next
      next = undefined
      try {
        await requireAllowed()
        const result = given ?? (await rest.next())
        if (result.done === true) release()
        return result
      } catch (error) {
        release()
        await rest.return(undefined)
        throw error
      }
    },
    async return() {
      release()
      await rest.return(undefined)
      return { done: true, value: undefined }
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

/** Asks no more often than so many milliseconds pass. */
function askingEvery(milliseconds: number, ask: () => Promise<void>): () => Promise<void> {
  let askedAt = performance.now()
  return async () => {
    if (performance.now() - askedAt < milliseconds) return
    await ask()
    askedAt = performance.now()
  }
}

function malformed(from: string): Refusal {
  return new Refusal(
    'POSITION_MALFORMED',
    `${JSON.stringify(from.slice(0, 80))} is no position of this log. Events and exports name positions.`,
  )
}
