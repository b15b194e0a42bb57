import { DatabaseSync } from 'node:sqlite'
import { preparingOnce } from '../../databases/index.ts'
import { isSqliteBusy, retry, sqliteCode } from '../../retry/index.ts'
import { ArtifactError } from '../artifact-error.ts'

/** A small database in the folder of the artifact store, which any number of processes and machines share. */
export type SharedDatabase = {
  /**
   * Runs work that nobody else's falls into: all of it is kept, or nothing. It may be run again, so it must do nothing but
   * read and write the database, and at once: others wait meanwhile.
   */
  readonly transact: <Result>(work: (database: DatabaseSync) => Result) => Promise<Result>
  readonly close: () => void
}

/** How long a process waits for the others, in milliseconds. */
const timeoutMs = 30_000

const fullCode = 13

/**
 * Opens the database, and makes it when there is none. Its journal is a file that is deleted after each transaction: the
 * one that works on file systems of networks too. What it holds may be lost with the machine's power, and no more than that.
 *
 * @param schema `CREATE … IF NOT EXISTS` statements
 * @throws ArtifactError `ARTIFACT_STORE_UNAVAILABLE`, `ARTIFACT_STORE_FULL`; so does `transact`
 */
export async function openSharedDatabase(path: string, schema: string): Promise<SharedDatabase> {
  const database = preparingOnce(await whenFree(path, () => new DatabaseSync(path, { timeout: 0 })))
  const shared: SharedDatabase = {
    transact: (work) =>
      whenFree(path, () => {
        database.exec('BEGIN IMMEDIATE')
        try {
          const result = work(database)
          database.exec('COMMIT')
          return result
        } catch (error) {
          if (database.isTransaction) database.exec('ROLLBACK')
          throw error
        }
      }),
    close: () => database.close(),
  }
  try {
    await whenFree(path, () => database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = NORMAL'))
    await shared.transact(() => database.exec(schema))
    return shared
  } catch (error) {
    database.close()
    throw error
  }
}

/** Waits for other processes without keeping this one's event loop waiting. */
async function whenFree<Result>(path: string, work: () => Result): Promise<Result> {
  try {
    return await retry(work, {
      backoff: { first: 2, longest: 50 },
      jitter: true,
      limitMs: (error) => (isSqliteBusy(error) ? timeoutMs : 0),
    })
  } catch (error) {
    const code = sqliteCode(error)
    throw code === undefined ? error : failure(path, code, error)
  }
}

function failure(path: string, code: number, cause: unknown): ArtifactError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  if (code === fullCode)
    return new ArtifactError(
      'ARTIFACT_STORE_FULL',
      `The artifact store has no room left (${reason}, in ${path}). Free disk space, or raise the quota, and try again.`,
      { transient: true, cause },
    )
  return new ArtifactError(
    'ARTIFACT_STORE_UNAVAILABLE',
    `The artifact store cannot be used (${reason}, in ${path}). Check that its folder is there, writable and sound.`,
    { transient: true, cause },
  )
}
