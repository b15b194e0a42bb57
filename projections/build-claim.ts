import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { LogPosition } from '../event-log/index.ts'
import type { ReadModelDatabase } from './database.ts'
import { createTables, databaseClock, dropTables, lockSchema } from './schema.ts'
import { whenUncontended } from './transaction.ts'

/** A build that says nothing for so long is taken over, in seconds by the clock of the database. */
const leaseSeconds = 15
/** How often a build says that it is at work, in milliseconds. */
const renewalMs = 3_000

/** The right to fill the tables that will be read. Whoever takes it over changes the token, and the old one is worthless. */
export type BuildClaim = {
  readonly token: string
  readonly build: string
  /** Where the tables are: a build that was taken over goes on from there. */
  readonly position: LogPosition | undefined
}

/**
 * Claims the build of this form's tables.
 *
 * @param wanted `missing`: only when there are none, going on with what another process left unfinished; `anew`: from the
 *   beginning, whatever there is
 * @returns `built` when there are such tables already (`missing` only), `claimed elsewhere` while another process builds
 */
export async function claimBuild(
  database: ReadModelDatabase,
  wanted: 'missing' | 'anew',
): Promise<BuildClaim | 'built' | 'claimed elsewhere'> {
  const { version } = database
  const clock = databaseClock(database)
  return whenUncontended(database, async (transaction) => {
    await lockSchema(database, transaction)
    const claimed = await transaction
      .selectFrom('read_models')
      .selectAll()
      .select(sql<boolean | number>`alive_at > ${clock} - ${sql.lit(leaseSeconds)}`.as('alive'))
      .where('version', '=', version)
      .execute()
    if (wanted === 'missing' && claimed.some(({ slot }) => slot === 'live')) return 'built'
    const other = claimed.find(({ slot }) => slot === 'building')
    if (other?.alive) return 'claimed elsewhere'
    const token = randomUUID()
    if (other !== undefined && wanted === 'missing') {
      // Its last transaction may still be under way: then this waits, and finds that it is alive.
      const { numUpdatedRows } = await transaction
        .updateTable('read_models')
        .set({ token, alive_at: clock })
        .where('version', '=', version)
        .where('slot', '=', 'building')
        .where('alive_at', '=', other.alive_at)
        .executeTakeFirst()
      const position = (other.position ?? undefined) as LogPosition | undefined
      return numUpdatedRows === 1n ? { token, build: other.build, position } : 'claimed elsewhere'
    }
    if (other !== undefined) {
      const { numDeletedRows } = await transaction
        .deleteFrom('read_models')
        .where('version', '=', version)
        .where('slot', '=', 'building')
        .where('alive_at', '=', other.alive_at)
        .executeTakeFirst()
      if (numDeletedRows !== 1n) return 'claimed elsewhere'
    }
    await dropTables(database, transaction, version, 'building')
    const build = token.slice(0, 8)
    await createTables(database, transaction)
    await transaction
      .insertInto('read_models')
      .values({ version, slot: 'building', position: null, token, build, alive_at: clock })
      .execute()
    return { token, build, position: undefined }
  })
}

/** Says every few seconds that a build is at work, whatever it is waiting for. */
export type BuildLease = {
  /** Aborted when another process took the build over. */
  readonly lost: AbortSignal
  /** @param give whether another process may claim the build at once */
  readonly end: (give: 'up' | 'nothing') => Promise<void>
}

/** Keeps a claim alive until it is ended. */
export function keepClaim(database: ReadModelDatabase, { token }: BuildClaim): BuildLease {
  const lost = new AbortController()
  let renewing: Promise<void> | undefined

  async function renew(): Promise<void> {
    try {
      if (!(await touch('now'))) lost.abort()
    } catch {
      // The build itself meets the same database and says what is wrong.
    }
  }

  async function touch(when: 'now' | 'long ago'): Promise<boolean> {
    const { numUpdatedRows } = await database.writes
      .updateTable('read_models')
      .set({ alive_at: when === 'now' ? databaseClock(database) : 0 })
      .where('version', '=', database.version)
      .where('slot', '=', 'building')
      .where('token', '=', token)
      .executeTakeFirst()
    return numUpdatedRows === 1n
  }

  const timer = setInterval(() => {
    renewing ??= renew().finally(() => {
      renewing = undefined
    })
  }, renewalMs)

  return {
    lost: lost.signal,
    async end(give) {
      clearInterval(timer)
      await renewing
      if (give === 'up') await touch('long ago').catch(() => undefined)
    },
  }
}
