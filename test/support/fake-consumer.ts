// A consumer as one of another room would be: it knows the event log's door alone, and keeps what it makes of events, its
// checkpoint and its lease in an SQLite file of its own. As a process: the argument is a {@link FakeConsumerChild} as JSON.
import { DatabaseSync } from 'node:sqlite'
import {
  type Checkpoint,
  type ConsumerStatus,
  type EventLog,
  type LogConsumer,
  openSqliteEventLog,
  startConsumer,
} from '../../event-log/index.ts'

/** When the process kills itself, within the handling of a batch: before its transaction, in it, or after it. */
export type KillMoment = 'before' | 'effect' | 'checkpoint' | 'after'

/** What the process does. */
export type FakeConsumerChild = {
  /** Path of the SQLite log. */
  readonly log: string
  /** Path of the consumer's own database. */
  readonly store: string
  /** In the handling of which batch, from 1, it kills itself. */
  readonly kill?: { readonly batch: number; readonly moment: KillMoment }
}

/** What the consumer made of the log. */
export type FakeStore = {
  readonly database: DatabaseSync
  /** What was delivered, in the order of the deliveries: ids, and of what could not be read its position. */
  readonly deliveries: () => readonly string[]
  readonly checkpoint: () => Checkpoint | undefined
}

/** A lease that is not renewed ends after this time, in milliseconds. */
const leaseMs = 400

/** Opens the consumer's database. */
export function openFakeStore(path: string): FakeStore {
  const database = new DatabaseSync(path, { timeout: 10_000 })
  database.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS deliveries (number INTEGER PRIMARY KEY, what TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS checkpoint (one INTEGER PRIMARY KEY CHECK (one = 1), position TEXT, event_id TEXT);
    CREATE TABLE IF NOT EXISTS lease (one INTEGER PRIMARY KEY CHECK (one = 1), holder TEXT, until INTEGER)`)
  return {
    database,
    deliveries: () =>
      database
        .prepare('SELECT what FROM deliveries ORDER BY number')
        .all()
        .map(({ what }) => String(what)),
    checkpoint() {
      const row = database.prepare('SELECT position, event_id AS eventId FROM checkpoint').get()
      return row as Checkpoint | undefined
    },
  }
}

/**
 * @param options.lease whether one process consumes at a time; else several may, and each part is delivered by one of them
 * @param options.moment is called within the handling of each batch
 */
export function fakeConsumer(
  { database, checkpoint }: FakeStore,
  options: {
    readonly lease?: boolean
    readonly moment?: (moment: KillMoment) => void
    readonly onStatus?: (status: ConsumerStatus) => void
    readonly failureOf?: LogConsumer['failureOf']
  } = {},
): LogConsumer {
  const { lease = false, moment = () => undefined, onStatus } = options
  const holder = crypto.randomUUID()
  let renewal: NodeJS.Timeout | undefined

  function transact<Result>(work: () => Result): Result {
    database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      database.exec('COMMIT')
      return result
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  }

  function takeLease(): boolean {
    const { changes } = database
      .prepare(
        `INSERT INTO lease VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET holder = excluded.holder, until = excluded.until
         WHERE holder = excluded.holder OR until < ?`,
      )
      .run(holder, Date.now() + leaseMs, Date.now())
    return changes === 1
  }

  return {
    ...(onStatus && { onStatus }),
    failureOf:
      options.failureOf ??
      ((error) => ({ code: (error as { code?: string }).code ?? 'FAKE', message: String(error), lasts: false })),
    async begin() {
      if (lease) {
        if (!takeLease()) return 'taken'
        renewal = setInterval(takeLease, leaseMs / 4)
      }
      return {
        after: checkpoint(),
        async handle(batch) {
          moment('before')
          const outcome = transact(() => {
            if (checkpoint()?.position !== batch.after?.position) return 'moved'
            const deliver = database.prepare('INSERT INTO deliveries (what) VALUES (?)')
            for (const entry of batch.entries)
              deliver.run('reason' in entry ? `unreadable ${entry.position}` : entry.id)
            moment('effect')
            database
              .prepare('INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)')
              .run(batch.checkpoint.position, batch.checkpoint.eventId ?? null)
            moment('checkpoint')
            return 'handled'
          })
          moment('after')
          return outcome
        },
        async end() {
          clearInterval(renewal)
          if (lease) database.prepare('DELETE FROM lease WHERE holder = ?').run(holder)
        },
      }
    },
  }
}

/** Starts the consumer on a log. */
export function startFakeConsumer(log: EventLog, store: FakeStore, options?: Parameters<typeof fakeConsumer>[1]) {
  return startConsumer(log, fakeConsumer(store, options))
}

if (process.argv[1] === import.meta.filename) {
  const { log, store, kill } = JSON.parse(process.argv[2] ?? '') as FakeConsumerChild
  let batch = 0
  startFakeConsumer(openSqliteEventLog({ path: log }), openFakeStore(store), {
    lease: true,
    moment(moment) {
      if (moment === 'before') batch += 1
      if (kill?.batch === batch && kill.moment === moment) process.kill(process.pid, 'SIGKILL')
    },
  })
}
