import { setImmediate as eventLoopTurn } from 'node:timers/promises'
import { type Backoff, pauseAfter } from '../domain/index.ts'
import { isSqliteBusy, pause } from '../retry/index.ts'
import { type Appended, EventLogError, type ExpectedRevision } from './event-log.ts'
import type { SerialisedEvent } from './serialise.ts'
import { sqliteCommits } from './sqlite-commits.ts'
import { sqliteFailure } from './sqlite-file.ts'
import { encodeSqlitePosition } from './sqlite-position.ts'
import type { SqliteAppend, SqliteAppendOutcome, SqliteFailure } from './sqlite-transaction.ts'

/** One transaction holds at most this much, so that nobody's append waits for long in that of others. */
const groupLimit = { appends: 256, characters: 4 * 1024 * 1024 }
/** Between two tries to get the lock that another process has. */
const lockBackoff: Backoff = { first: 2, longest: 25 }

type PendingAppend = SqliteAppend & {
  /** When waiting for the write lock of another process ends. */
  readonly deadline: number
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: EventLogError) => void
}

/** What {@link createSqliteWriter} needs. */
export type SqliteWriterOptions = {
  /** The log's file, which must have been made. */
  readonly path: string
  /** How long an append waits for the write lock of other processes, in milliseconds. */
  readonly timeoutMs: number
  /** Called after events were committed. */
  readonly committed: () => void
}

/** Appends to the file, in the order of the calls. */
export type SqliteWriter = {
  append(streamId: string, events: readonly SerialisedEvent[], expected: ExpectedRevision): Promise<Appended>
  /** Ends the writer, when nothing is waiting to be written. */
  close(): Promise<void>
}

/**
 * Writes appends in groups, in a thread: those that come while a group is under way share the next transaction and so one
 * flush to the disk, yet each is decided and undone by itself (`sqlite-transaction.ts`).
 */
export function createSqliteWriter({ path, timeoutMs, committed }: SqliteWriterOptions): SqliteWriter {
  const commits = sqliteCommits(path)
  const waiting: PendingAppend[] = []
  /** Resolves when nothing is waiting to be written; `undefined` while nothing is. */
  let writing: Promise<void> | undefined
  const failed = (error: unknown) => sqliteFailure(error, `Cannot append to ${path}`)

  function takeGroup(): PendingAppend[] {
    let characters = 0
    const end = waiting.findIndex((append, index) => {
      if (index === groupLimit.appends) return true
      for (const event of append.events) characters += event.data.length + event.metadata.length
      return index > 0 && characters > groupLimit.characters
    })
    return waiting.splice(0, end === -1 ? waiting.length : end)
  }

  async function writeWaiting(): Promise<void> {
    for (let failures = 0; waiting.length > 0; ) {
      // What else is appended in this turn of the event loop joins the group.
      if (failures === 0) await eventLoopTurn()
      else await pause(pauseAfter(lockBackoff, failures, Math.random()))
      failures = (await writeGroup(takeGroup())) === 'locked' ? failures + 1 : 0
    }
    writing = undefined
  }

  async function writeGroup(group: readonly PendingAppend[]): Promise<'done' | 'locked'> {
    try {
      const outcome = await commits.commit(
        group.map(({ streamId, events, expected }) => ({ streamId, events, expected })),
      )
      if (outcome.kind === 'failed') throw errorOf(outcome.failure)
      for (const [index, append] of group.entries()) settle(append, outcome.outcomes[index] as SqliteAppendOutcome)
      committed()
      return 'done'
    } catch (error) {
      if (isSqliteBusy(error)) {
        waiting.unshift(...rejectOverdue(group, error))
        return 'locked'
      }
      for (const append of group) append.reject(failed(error))
      return 'done'
    }
  }

  function rejectOverdue(group: readonly PendingAppend[], cause: unknown): PendingAppend[] {
    const now = Date.now()
    return group.filter((append) => {
      if (now < append.deadline) return true
      const message = `Another process has kept the event log ${path} locked for ${timeoutMs} ms; try again.`
      append.reject(new EventLogError('EVENT_LOG_UNAVAILABLE', message, { cause }))
      return false
    })
  }

  function settle({ streamId, expected, resolve, reject }: PendingAppend, outcome: SqliteAppendOutcome): void {
    if (outcome.kind === 'conflict') reject(conflict(streamId, expected, outcome.last))
    else if (outcome.kind === 'failed') reject(failed(errorOf(outcome.failure)))
    else resolve({ revision: outcome.revision, position: encodeSqlitePosition(outcome.position) })
  }

  return {
    append: (streamId, events, expected) =>
      new Promise((resolve, reject) => {
        waiting.push({ streamId, events, expected, deadline: Date.now() + timeoutMs, resolve, reject })
        writing ??= writeWaiting()
      }),
    async close() {
      await writing
      await commits.close()
    },
  }
}

/** The error that `node:sqlite` threw in the thread. */
function errorOf({ message, errcode }: SqliteFailure): Error {
  return Object.assign(new Error(message), errcode === undefined ? {} : { errcode })
}

function conflict(streamId: string, expected: ExpectedRevision, last: number): EventLogError {
  const actualRevision = last === -1 ? 'noStream' : last
  return new EventLogError(
    'EVENT_LOG_WRONG_EXPECTED_REVISION',
    `Stream ${streamId} is at revision ${actualRevision}, not at ${expected}, and does not hold these events there.`,
    { actualRevision },
  )
}
