import type { StatementSync } from 'node:sqlite'
import { type Backoff, pauseAfter } from '../domain/index.ts'
import { isSqliteBusy } from '../retry/index.ts'
import { type Appended, EventLogError, type ExpectedRevision } from './event-log.ts'
import type { SerialisedEvent } from './serialise.ts'
import { type SqliteFile, sqliteFailure } from './sqlite-file.ts'
import { encodeSqlitePosition } from './sqlite-position.ts'

/** One transaction holds at most this much, so that no commit blocks the event loop for long. */
const groupLimit = { appends: 256, characters: 4 * 1024 * 1024 }
/** Between two tries to get the lock that another process has. */
const lockBackoff: Backoff = { first: 2, longest: 25 }

type PendingAppend = {
  readonly streamId: string
  readonly events: readonly SerialisedEvent[]
  readonly expected: ExpectedRevision
  /** When waiting for the write lock of another process ends. */
  readonly deadline: number
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: EventLogError) => void
}

type Outcome = { readonly append: PendingAppend } & (
  | { readonly appended: Appended }
  | { readonly error: EventLogError }
)

/** What {@link createSqliteWriter} needs. */
export type SqliteWriterOptions = {
  readonly file: SqliteFile
  /** How long an append waits for the write lock of other processes, in milliseconds. */
  readonly timeoutMs: number
  /** Called after events were committed. */
  readonly committed: () => void
}

/** Appends to the file, in the order of the calls. */
export type SqliteWriter = {
  append(streamId: string, events: readonly SerialisedEvent[], expected: ExpectedRevision): Promise<Appended>
  /** Resolves when nothing is waiting to be written. */
  drained(): Promise<void>
}

/**
 * Writes appends in groups: those that wait at the same time share one transaction and so one flush to the disk, yet each
 * is decided and undone by itself. `BEGIN IMMEDIATE` lets one process write at a time, so positions become visible in the
 * order in which they are given and no reader can step over one.
 */
export function createSqliteWriter({ file, timeoutMs, committed }: SqliteWriterOptions): SqliteWriter {
  const statements = prepare(file)
  const waiting: PendingAppend[] = []
  let drained = Promise.withResolvers<void>()
  let pauses = 0
  drained.resolve()

  function takeGroup(): PendingAppend[] {
    let characters = 0
    const end = waiting.findIndex((append, index) => {
      if (index === groupLimit.appends) return true
      for (const event of append.events) characters += event.data.length + event.metadata.length
      return index > 0 && characters > groupLimit.characters
    })
    return waiting.splice(0, end === -1 ? waiting.length : end)
  }

  function flush(): void {
    const group = takeGroup()
    try {
      settle(commitGroup(group))
      pauses = 0
    } catch (error) {
      if (isSqliteBusy(error)) waiting.unshift(...rejectOverdue(group, error))
      else for (const append of group) append.reject(sqliteFailure(error, `Cannot append to ${file.path}`))
    }
    if (waiting.length === 0) drained.resolve()
    else if (pauses === 0) setImmediate(flush)
    else setTimeout(flush, pauseAfter(lockBackoff, pauses, Math.random()))
  }

  function rejectOverdue(group: readonly PendingAppend[], cause: unknown): PendingAppend[] {
    pauses += 1
    const now = Date.now()
    return group.filter((append) => {
      if (now < append.deadline) return true
      const message = `Another process has kept the event log ${file.path} locked for ${timeoutMs} ms; try again.`
      append.reject(new EventLogError('EVENT_LOG_UNAVAILABLE', message, { cause }))
      return false
    })
  }

  function commitGroup(group: readonly PendingAppend[]): readonly Outcome[] {
    const { writer } = file
    writer.exec('BEGIN IMMEDIATE')
    try {
      const outcomes = group.map((append): Outcome => {
        writer.exec('SAVEPOINT one_append')
        try {
          const appended = write(statements, append)
          writer.exec('RELEASE one_append')
          return { append, appended }
        } catch (error) {
          // A failure that ended the whole transaction is everybody's; any other undoes this append only.
          if (!writer.isTransaction || isSqliteBusy(error)) throw error
          writer.exec('ROLLBACK TO one_append; RELEASE one_append')
          return { append, error: sqliteFailure(error, `Cannot append to ${file.path}`) }
        }
      })
      writer.exec('COMMIT')
      return outcomes
    } catch (error) {
      if (writer.isTransaction) writer.exec('ROLLBACK')
      throw error
    }
  }

  function settle(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes)
      if ('appended' in outcome) outcome.append.resolve(outcome.appended)
      else outcome.append.reject(outcome.error)
    committed()
  }

  return {
    append: (streamId, events, expected) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) {
          drained = Promise.withResolvers()
          setImmediate(flush)
        }
        waiting.push({ streamId, events, expected, deadline: Date.now() + timeoutMs, resolve, reject })
      }),
    drained: () => drained.promise,
  }
}

type Statements = {
  readonly lastRevision: StatementSync
  readonly revisionOf: StatementSync
  readonly eventAt: StatementSync
  readonly insert: StatementSync
}

function prepare({ writer }: SqliteFile): Statements {
  return {
    lastRevision: writer.prepare('SELECT max(revision) AS revision FROM events WHERE stream_id = ?'),
    revisionOf: writer.prepare('SELECT revision FROM events WHERE stream_id = ? AND id = ?'),
    eventAt: writer.prepare('SELECT id, position FROM events WHERE stream_id = ? AND revision = ?'),
    insert: writer.prepare(
      'INSERT INTO events (stream_id, revision, id, type, data, metadata) VALUES (?, ?, ?, ?, ?, ?)',
    ),
  }
}

/** Decides one append inside the transaction, and writes it when the stream is where its writer believes. */
function write(statements: Statements, { streamId, events, expected }: PendingAppend): Appended {
  const last = (statements.lastRevision.get(streamId)?.revision ?? -1) as number
  const expectedLast = expected === 'noStream' ? -1 : expected
  const held = events.map(({ id }) => statements.revisionOf.get(streamId, id)?.revision as number | undefined)
  const isHeld = held.some((revision) => revision !== undefined)

  if (isHeld && expectedLast <= last) {
    const first = expectedLast === last ? (held[0] ?? -1) : expectedLast + 1
    if (held.every((revision, index) => revision === first + index)) {
      const revision = first + events.length - 1
      const position = statements.eventAt.get(streamId, revision)?.position as number
      return { revision, position: encodeSqlitePosition(position) }
    }
  }
  if (isHeld || expectedLast !== last) throw conflict(streamId, expected, last)

  let position = 0
  for (const [index, { id, type, data, metadata }] of events.entries()) {
    const inserted = statements.insert.run(streamId, last + 1 + index, id, type, data, metadata)
    position = Number(inserted.lastInsertRowid)
  }
  return { revision: last + events.length, position: encodeSqlitePosition(position) }
}

function conflict(streamId: string, expected: ExpectedRevision, last: number): EventLogError {
  const actualRevision = last === -1 ? 'noStream' : last
  return new EventLogError(
    'EVENT_LOG_WRONG_EXPECTED_REVISION',
    `Stream ${streamId} is at revision ${actualRevision}, not at ${expected}, and does not hold these events there.`,
    { actualRevision },
  )
}
