import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { SqliteDatabase, SqliteStatement } from 'kysely'

/** How many prepared statements are kept, the least recently used go first. */
const statementsKept = 256

/**
 * Node's own SQLite in the form that Kysely's SQLite dialect asks for (that of better-sqlite3). Statements are prepared
 * once per SQL text.
 */
export function asKyselySqlite(database: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, SqliteStatement>()
  return {
    prepare(sql) {
      const statement = prepared.get(sql) ?? asKyselyStatement(database.prepare(sql))
      // Taken out and put back: a Map keeps the order of insertion, so the first one is the least recently used.
      prepared.delete(sql)
      prepared.set(sql, statement)
      if (prepared.size > statementsKept) prepared.delete(prepared.keys().next().value ?? sql)
      return statement
    },
    close() {
      prepared.clear()
      if (database.isOpen) database.close()
    },
  }
}

function asKyselyStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as readonly SQLInputValue[])),
    run: (parameters) => statement.run(...(parameters as readonly SQLInputValue[])),
    iterate: (parameters) => statement.iterate(...(parameters as readonly SQLInputValue[])),
  }
}
