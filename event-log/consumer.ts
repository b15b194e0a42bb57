import type { Backoff } from '../domain/index.ts'
import { keepRunning, pause } from '../retry/index.ts'
import { type EventLog, EventLogError, type LogPosition } from './event-log.ts'
import { inLogOrder, type LogEntry, readEverything } from './log-entries.ts'

/**
 * How far a consumer is: the last event of the log that it has handled. It is kept in the consumer's own store, in the same
 * transaction as what was made of the event, so that each event has its effect exactly once, whenever the process ends.
 */
export type Checkpoint = {
  readonly position: LogPosition
  /** What tells another log in the place of the one that was followed; `undefined` when the store does not keep it. */
  readonly eventId: string | undefined
}

/** A part of the log, to be handled as one. */
export type ConsumerBatch = {
  /** Where it begins: `undefined` at the beginning of the log. */
  readonly after: Checkpoint | undefined
  /** Everything that the log has between `after` and `checkpoint`, in order; what cannot be read is in its place. Never empty. */
  readonly entries: readonly LogEntry[]
  /** To be kept with what the entries bring about. */
  readonly checkpoint: Checkpoint
}

/** One way of a consumer through the log, from its checkpoint on. */
export type ConsumerSession = {
  /** What the consumer's store says; `undefined`: from the beginning. */
  readonly after: Checkpoint | undefined
  /**
   * Handles a batch and keeps its checkpoint, in one transaction.
   *
   * @returns `moved`, having changed nothing, when the store's checkpoint is not `after`: another process has handled
   *   this part. The consumer then begins again where the store is
   */
  readonly handle: (batch: ConsumerBatch) => Promise<'handled' | 'moved'>
  /** Called when the consumer is at the end of the log. */
  readonly caughtUp?: () => void
  /** Gives back what `begin` took, whatever ended the session. */
  readonly end?: () => Promise<void>
}

/** What is wrong, for people. */
export type ConsumerFailure = {
  readonly code: string
  readonly message: string
  /** Trying again would not help: the consumer stays where it is until the process is started anew. */
  readonly lasts: boolean
}

/** Somebody who follows the whole log and keeps what comes of it in a store of its own. */
export type LogConsumer = {
  /**
   * Reads the checkpoint. Called before each session; it may make the store ready first, and waits for that.
   *
   * @returns `taken` where the store lets one process consume at a time, and another one does
   */
  readonly begin: (signal: AbortSignal) => Promise<ConsumerSession | 'taken'>
  /** What an error of `begin`, `handle` or the log means. */
  readonly failureOf: (error: unknown) => ConsumerFailure
  /**
   * Small batches are begun at most this often, in milliseconds, where each commit is costly; the first after a rest is
   * handled at once. Default: no limit.
   */
  readonly paceMs?: number
  /** Is given every change of the status but those of the position. */
  readonly onStatus?: (status: ConsumerStatus) => void
}

/** What a consumer is doing. */
export type ConsumerStatus =
  | { readonly state: 'starting' }
  /** Another process consumes; this one takes over when that one ends. */
  | { readonly state: 'standby' }
  | { readonly state: 'running'; readonly position: LogPosition | undefined }
  /** The log or the store is away, or an event could not be handled; it tries again by itself. */
  | { readonly state: 'waiting'; readonly code: string; readonly message: string }
  /** It met what it cannot handle, and stays there. */
  | { readonly state: 'failed'; readonly code: string; readonly message: string }
  | { readonly state: 'stopped' }

/** A consumer at work. */
export type RunningConsumer = {
  readonly status: () => ConsumerStatus
  /** For how long it has not been at the end of the log, in milliseconds: 0 when it has handled everything. */
  readonly behindMs: () => number
  /** Waits until everything is handled that the log has now; `false` when the consumer ends before. */
  readonly drain: () => Promise<boolean>
  /** Finishes the batch at hand and ends. */
  readonly close: () => Promise<void>
}

const backoff: Backoff = { first: 50, longest: 5_000 }
/** A batch of so many events is one of catching up, which nothing holds back. */
const smallBatch = 200
/** How often a process that stands by looks whether it can take over, in milliseconds. */
const standbyMs = 1_000

/**
 * Follows the log from the consumer's checkpoint, live, for as long as the process wants it. After a failure it begins again
 * at the checkpoint, with growing pauses; nothing is handed over twice that the consumer's transaction has kept.
 */
export function startConsumer(
  log: Pick<EventLog, 'subscribe' | 'readAll' | 'head'>,
  consumer: LogConsumer,
): RunningConsumer {
  const { paceMs = 0, onStatus } = consumer
  const closing = new AbortController()
  const { signal } = closing
  const watching = new Set<() => void>()
  let status: ConsumerStatus = { state: 'starting' }
  let behindSince: number | undefined = performance.now()

  function report(next: ConsumerStatus): void {
    const isNews = next.state !== status.state || next.state === 'waiting'
    status = next
    for (const look of [...watching]) look()
    if (isNews) onStatus?.(next)
  }

  async function runSession(succeeded: () => void): Promise<void> {
    const session = await consumer.begin(signal)
    if (session === 'taken') {
      report({ state: 'standby' })
      await pause(standbyMs, signal)
      return
    }
    try {
      await follow(session, succeeded)
    } finally {
      await session.end?.()
    }
  }

  async function follow(session: ConsumerSession, succeeded: () => void): Promise<void> {
    let { after } = session
    if (after !== undefined && !(await holdsCheckpoint(log, after))) throw replaced(after)
    report({ state: 'running', position: after?.position })
    for await (const batch of log.subscribe({ signal, ...(after && { after: after.position }) })) {
      const entries = inLogOrder(batch)
      const last = entries.at(-1)
      const next = performance.now() + paceMs
      if (last !== undefined) {
        behindSince ??= performance.now()
        const checkpoint: Checkpoint = { position: last.position, eventId: last.id }
        if ((await session.handle({ after, entries, checkpoint })) === 'moved') return
        after = checkpoint
        report({ state: 'running', position: checkpoint.position })
      }
      succeeded()
      if (batch.caughtUp) {
        behindSince = undefined
        session.caughtUp?.()
      }
      if (signal.aborted) return
      const rest = entries.length < smallBatch ? next - performance.now() : 0
      if (rest > 0 && last !== undefined) await pause(rest, signal)
    }
    if (!signal.aborted) throw new EventLogError('EVENT_LOG_UNAVAILABLE', "The log's subscription ended by itself.")
  }

  const running = keepRunning(runSession, {
    backoff,
    signal,
    onFailure(error) {
      behindSince ??= performance.now()
      const { code, message, lasts } = consumer.failureOf(error)
      report({ state: lasts ? 'failed' : 'waiting', code, message })
      return lasts ? 'end' : 'again'
    },
  }).then(() => {
    if (status.state !== 'failed') report({ state: 'stopped' })
  })

  return {
    status: () => status,
    behindMs: () => (behindSince === undefined ? 0 : performance.now() - behindSince),
    async drain() {
      const head = await log.head()
      const hasHandled = () =>
        status.state === 'running' && (head === undefined || (status.position !== undefined && status.position >= head))
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const look = () => {
        const ended = status.state === 'stopped' || status.state === 'failed'
        if (!ended && !hasHandled()) return
        watching.delete(look)
        resolve(!ended)
      }
      watching.add(look)
      look()
      return promise
    },
    async close() {
      closing.abort()
      await running
    },
  }
}

/**
 * Whether the log has the event of a checkpoint where it was. It has not when it was restored from an older backup, or when
 * another log stands in its place. A checkpoint without an event's id is believed.
 */
export async function holdsCheckpoint(
  log: Pick<EventLog, 'readAll'>,
  { position, eventId }: Checkpoint,
): Promise<boolean> {
  if (eventId === undefined) return true
  try {
    for await (const [entry] of readEverything(log, { from: position, maxCount: 1 }))
      return entry?.position === position && entry.id === eventId
    return false
  } catch (error) {
    // A position that no log of this kind writes.
    if (error instanceof EventLogError && error.code === 'EVENT_LOG_ARGUMENT_INVALID') return false
    throw error
  }
}

function replaced({ position, eventId }: Checkpoint): EventLogError {
  return new EventLogError(
    'EVENT_LOG_REPLACED',
    `The log does not have the event ${eventId} at position ${position}, which was handled there. Was the log restored from an older backup, or replaced? What was made of the other one has to be made anew.`,
  )
}
