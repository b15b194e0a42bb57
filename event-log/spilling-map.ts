import { DatabaseSync } from 'node:sqlite'
import { sqliteFailure } from './sqlite-file.ts'

/** Values by texts, of which those that were used last are in memory and all others in a temporary file. */
export type SpillingMap<Value> = {
  /** How many there are. */
  readonly size: () => number
  readonly get: (key: string) => Value | undefined
  /** Puts what `change` makes of a value in its place; nothing when it throws. */
  readonly update: (key: string, change: (value: Value | undefined) => Value) => void
  /** The text of a value (`SpilledForm`), read from the file without making the value of it. */
  readonly textOf: (key: string) => string | undefined
  /** All of them, in the order in which their keys first came. Nothing may be updated meanwhile. */
  readonly entries: () => Iterable<readonly [key: string, value: Value]>
  /** The same with the texts of the values. */
  readonly texts: () => Iterable<readonly [key: string, text: string]>
  /** Removes the file. Forgotten maps are closed when they are collected as garbage, or with the process. */
  readonly close: () => void
}

/** How values are written into the file. */
export type SpilledForm<Value> = {
  readonly write: (value: Value, key: string) => string
  readonly read: (text: string) => Value
}

type Held<Value> = { readonly place: number; value: Value; isStored: boolean }

/** What SQLite keeps of the file in memory, in KiB. */
const cacheKibibytes = 8_192

/**
 * Makes a map that may have more entries than memory: what is read of the whole log has millions of streams, and few of them
 * are in use at a time. Until there are twice `inMemory` there is no file. The file is a temporary database of SQLite, in the
 * folder that `SQLITE_TMPDIR` or `TMPDIR` names, or else `/var/tmp`; it has no name, and goes with the process.
 *
 * All calls fail with EventLogError `EVENT_LOG_UNAVAILABLE` when the file cannot be written.
 *
 * @typeParam Value anything that JSON can carry, unless it has another form
 * @param inMemory half of how many entries are in memory at the most
 */
export function openSpillingMap<Value>(
  inMemory = 1_024,
  form: SpilledForm<Value> = { write: (value) => JSON.stringify(value), read: JSON.parse },
): SpillingMap<Value> {
  // Entries that are used go to `recent`. When that is full, what was not used since the last time leaves memory.
  let recent = new Map<string, Held<Value>>()
  let older = new Map<string, Held<Value>>()
  let size = 0
  let file: SpillFile | undefined
  /** The last key that was not found: whoever looks for one often adds it next. */
  let absent: string | undefined

  function find(key: string): Held<Value> | undefined {
    const held = recent.get(key)
    if (held !== undefined) return held
    const found = older.get(key) ?? load(key)
    if (found !== undefined) keep(key, found)
    return found
  }

  function load(key: string): Held<Value> | undefined {
    if (file === undefined || key === absent) return undefined
    const row = file.find(key)
    if (row === undefined) absent = key
    return row && { place: row.place, value: form.read(row.value), isStored: true }
  }

  function keep(key: string, held: Held<Value>): void {
    recent.set(key, held)
    absent = undefined
    if (recent.size < inMemory) return
    store(older)
    older = recent
    recent = new Map()
  }

  function store(entries: ReadonlyMap<string, Held<Value>>): void {
    if (entries.size === 0) return
    file ??= openSpillFile()
    file.store(function* () {
      for (const [key, held] of entries) {
        if (held.isStored) continue
        yield { place: held.place, key, value: form.write(held.value, key) }
        held.isStored = true
      }
    })
  }

  function inOrder(): readonly (readonly [string, Held<Value>])[] {
    return [...new Map([...older, ...recent])].sort(([, a], [, b]) => a.place - b.place)
  }

  function everythingIn(file: SpillFile): Iterable<Row> {
    store(older)
    store(recent)
    return file.all()
  }

  return {
    size: () => size,
    get: (key) => find(key)?.value,
    update(key, change) {
      const held = find(key)
      const value = change(held?.value)
      if (held === undefined) {
        keep(key, { place: size, value, isStored: false })
        size += 1
      } else {
        held.value = value
        held.isStored = false
      }
    },
    textOf(key) {
      const held = recent.get(key) ?? older.get(key)
      return held === undefined ? file?.find(key)?.value : form.write(held.value, key)
    },
    *entries() {
      if (file === undefined) for (const [key, { value }] of inOrder()) yield [key, value]
      else for (const { key, value } of everythingIn(file)) yield [key, form.read(value)]
    },
    *texts() {
      if (file === undefined) for (const [key, { value }] of inOrder()) yield [key, form.write(value, key)]
      else for (const { key, value } of everythingIn(file)) yield [key, value]
    },
    close() {
      file?.close()
      file = undefined
      recent.clear()
      older.clear()
      size = 0
    },
  }
}

type Row = { readonly place: number; readonly key: string; readonly value: string }

type SpillFile = {
  readonly find: (key: string) => Omit<Row, 'key'> | undefined
  readonly store: (rows: () => Iterable<Row>) => void
  readonly all: () => Iterable<Row>
  readonly close: () => void
}

function openSpillFile(): SpillFile {
  const database = attempt(() => {
    // The empty name: a temporary database in a file that is removed as soon as it is open.
    const opened = new DatabaseSync('')
    opened.exec(`PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
      PRAGMA cache_size = -${cacheKibibytes};
      CREATE TABLE entries (place INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL) STRICT`)
    return opened
  })
  const find = database.prepare('SELECT place, value FROM entries WHERE key = ?')
  const insert = database.prepare(
    'INSERT INTO entries (place, key, value) VALUES (?, ?, ?) ON CONFLICT (place) DO UPDATE SET value = excluded.value',
  )
  const all = database.prepare('SELECT place, key, value FROM entries ORDER BY place')
  return {
    find: (key) => attempt(() => find.get(key) as Omit<Row, 'key'> | undefined),
    store: (rows) =>
      attempt(() => {
        database.exec('BEGIN')
        for (const { place, key, value } of rows()) insert.run(place, key, value)
        database.exec('COMMIT')
      }),
    all: () => all.iterate() as unknown as Iterable<Row>,
    close: () => database.close(),
  }
}

function attempt<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw sqliteFailure(
      error,
      'What was read of the event log cannot be kept in a temporary file; SQLITE_TMPDIR may name a folder that has room',
    )
  }
}
