import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { isSqliteBusy, sqliteCode } from '../retry/sqlite-busy.ts'
import type { ExpectedRevision } from './event-log.ts'
import type { SerialisedEvent } from './serialise.ts'

/** One append, as plain data. */
export type SqliteAppend = {
  readonly streamId: string
  readonly events: readonly SerialisedEvent[]
  readonly expected: ExpectedRevision
}

/** What `node:sqlite` reported, as plain data: an error's own fields do not survive the way between threads. */
export type SqliteFailure = { readonly message: string; readonly errcode: number | undefined }

/** What became of one append of a transaction that was committed. */
export type SqliteAppendOutcome =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: number }
  /** @property last the stream's last revision, −1 when it does not exist */
  | { readonly kind: 'conflict'; readonly last: number }
  | { readonly kind: 'failed'; readonly failure: SqliteFailure }

/** What became of a transaction: of each append in order, or why nothing of any of them was written. */
export type SqliteGroupOutcome =
  | { readonly kind: 'committed'; readonly outcomes: readonly SqliteAppendOutcome[] }
  | { readonly kind: 'failed'; readonly failure: SqliteFailure }

/** The connection that writes a log's file. Its calls block. */
export type SqliteCommitter = {
  /** Writes a group of appends in one transaction, flushed to the disk when this returns. */
  commit(group: readonly SqliteAppend[]): SqliteGroupOutcome
  close(): void
}

/** `SQLITE_READONLY`. */
const readOnly = 8

/** How much of the file the connection keeps in memory, in KiB: the inner pages of the indexes belong there. */
const cacheKibibytes = 8_192

/**
 * Appends to a log's file, which must have been made: each append is decided and undone by itself. `BEGIN IMMEDIATE` lets
 * one process write at a time, so positions become visible in the order in which they are given and no reader can step
 * over one. The file is opened by the first commit. One that cannot be written to at that moment SQLite opens for reading,
 * and would keep like that: the next commit opens it again.
 */
export function createSqliteCommitter(path: string): SqliteCommitter {
  let opened: { readonly database: DatabaseSync; readonly statements: Statements } | undefined

  function commitGroup(group: readonly SqliteAppend[]): readonly SqliteAppendOutcome[] {
    opened ??= openForWriting(path)
    const { database, statements } = opened
    database.exec('BEGIN IMMEDIATE')
    try {
      const outcomes = group.map((append): SqliteAppendOutcome => {
        database.exec('SAVEPOINT one_append')
        try {
          const outcome = write(statements, append)
          database.exec('RELEASE one_append')
          return outcome
        } catch (error) {
          // A failure that ended the whole transaction is everybody's; any other undoes this append only.
          if (!database.isTransaction || isSqliteBusy(error) || sqliteCode(error) === readOnly) throw error
          database.exec('ROLLBACK TO one_append; RELEASE one_append')
          return { kind: 'failed', failure: failureOf(error) }
        }
      })
      database.exec('COMMIT')
      return outcomes
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  function close(): void {
    opened?.database.close()
    opened = undefined
  }

  return {
    commit(group) {
      try {
        return { kind: 'committed', outcomes: commitGroup(group) }
      } catch (error) {
        if (sqliteCode(error) === readOnly) close()
        return { kind: 'failed', failure: failureOf(error) }
      }
    },
    close,
  }
}

type Statements = {
  readonly lastRevision: StatementSync
  readonly revisionOf: StatementSync
  readonly eventAt: StatementSync
  readonly insert: StatementSync
}

function openForWriting(path: string): { readonly database: DatabaseSync; readonly statements: Statements } {
  // A lock of another process is waited for outside of SQLite.
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    // Every commit is on the disk before an append answers.
    database.exec(`PRAGMA synchronous = FULL; PRAGMA cache_size = -${cacheKibibytes}`)
    const statements = {
      lastRevision: database.prepare('SELECT max(revision) AS revision FROM events WHERE stream_id = ?'),
      revisionOf: database.prepare('SELECT revision FROM events WHERE stream_id = ? AND id = ?'),
      eventAt: database.prepare('SELECT id, position FROM events WHERE stream_id = ? AND revision = ?'),
      insert: database.prepare(
        'INSERT INTO events (stream_id, revision, id, type, data, metadata) VALUES (?, ?, ?, ?, ?, ?)',
      ),
    }
    return { database, statements }
  } catch (error) {
    database.close()
    throw error
  }
}

/** Decides one append inside the transaction, and writes it when the stream is where its writer believes. */
function write(statements: Statements, { streamId, events, expected }: SqliteAppend): SqliteAppendOutcome {
  const last = (statements.lastRevision.get(streamId)?.revision ?? -1) as number
  const expectedLast = expected === 'noStream' ? -1 : expected
  const held = events.map(({ id }) => statements.revisionOf.get(streamId, id)?.revision as number | undefined)
  const isHeld = held.some((revision) => revision !== undefined)

  if (isHeld && expectedLast <= last) {
    const first = expectedLast === last ? (held[0] ?? -1) : expectedLast + 1
    if (held.every((revision, index) => revision === first + index)) {
      const revision = first + events.length - 1
      const position = statements.eventAt.get(streamId, revision)?.position as number
      return { kind: 'appended', revision, position }
    }
  }
  if (isHeld || expectedLast !== last) return { kind: 'conflict', last }

  let position = 0
  for (const [index, { id, type, data, metadata }] of events.entries()) {
    const inserted = statements.insert.run(streamId, last + 1 + index, id, type, data, metadata)
    position = Number(inserted.lastInsertRowid)
  }
  return { kind: 'appended', revision: last + events.length, position }
}

function failureOf(error: unknown): SqliteFailure {
  if (!(error instanceof Error)) return { message: String(error), errcode: undefined }
  const errcode = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined
  return { message: error.message, errcode }
}
