import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteCode } from '../../retry/index.ts'

/** What SQLite says of a file that is no database, or a damaged one: `SQLITE_CORRUPT`, `SQLITE_NOTADB`. */
const damageCodes: readonly (number | undefined)[] = [11, 26]
/** Above this size only the head of the file is looked at, so that a start stays short. */
const fullCheckLimitBytes = 64 * 1024 * 1024

/** Temporal's database file before a start. */
export type TemporalDatabase = {
  /** `damaged` files have been set aside already: the start finds none. */
  readonly condition: 'absent' | 'sound' | 'damaged'
  /** Moves the database to the folder `damaged` beside it (which keeps one), so that a start finds none. */
  readonly setAside: () => void
  /** Undoes {@link TemporalDatabase.setAside}, over whatever a start made in between. */
  readonly putBack: () => void
}

/**
 * Makes sure that Temporal finds a database file that SQLite can read, or none. What a damaged one held is resumed from
 * the event log, the only truth.
 *
 * @param folder holds the file `name` and SQLite's companions of it
 */
export function openTemporalDatabase(folder: string, name: string): TemporalDatabase {
  const aside = join(folder, 'damaged')
  const names = [name, `${name}-wal`, `${name}-shm`, `${name}-journal`]
  const remove = () => {
    for (const file of names) rmSync(join(folder, file), { force: true })
  }
  const setAside = () => {
    rmSync(aside, { recursive: true, force: true })
    mkdirSync(aside, { mode: 0o700 })
    move(names, folder, aside)
  }
  const putBack = () => {
    remove()
    move(names, aside, folder)
  }
  const file = join(folder, name)
  if (!existsSync(file)) {
    // A write-ahead log without its file is worthless and in the way.
    remove()
    return { condition: 'absent', setAside, putBack }
  }
  if (!isDamaged(file)) return { condition: 'sound', setAside, putBack }
  setAside()
  return { condition: 'damaged', setAside, putBack }
}

function move(names: readonly string[], from: string, to: string): void {
  for (const name of names) if (existsSync(join(from, name))) renameSync(join(from, name), join(to, name))
}

/**
 * Whether SQLite cannot make sense of a file. One that cannot be read for another reason (another process has locked it, no
 * file descriptor is left) is not damaged: the server's own start says what is wrong.
 */
function isDamaged(file: string): boolean {
  if (!statSync(file).isFile()) return true
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 2_000 })
    const tables = database.prepare("SELECT count(*) AS count FROM sqlite_master WHERE type = 'table'").get()
    // A file without tables is what a crash leaves between open and first write.
    if (tables?.count === 0) return true
    if (statSync(file).size > fullCheckLimitBytes) return false
    return database.prepare('PRAGMA quick_check(1)').get()?.quick_check !== 'ok'
  } catch (error) {
    return damageCodes.includes(sqliteCode(error))
  } finally {
    database?.close()
  }
}
