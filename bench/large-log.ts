import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { type OrganizationId, parseStreamName, type SigningRequestId } from '../domain/index.ts'
import {
  type AppendSigner,
  type EventLog,
  openSqliteEventLog,
  type RecordedEvent,
  withSignatures,
} from '../event-log/index.ts'
import { serialiseEvents } from '../event-log/serialise.ts'
import { encodeSqlitePosition } from '../event-log/sqlite-position.ts'
import { completedRequest, recordedAs } from './request-history.ts'

/** What a large log is to hold. */
export type LargeLog = {
  /** Requests that are over, of eight events each. */
  readonly requests: number
  /** Requests that wait for approval, spread over the log. */
  readonly unfinished: number
}

/** So many requests are under way at any time, and share the signatures of their appends. */
const atOnce = 64
/** So many rows are one transaction. */
const rowsTogether = 50_000
/** A request that waits for approval has that many of its eight events. */
const eventsUntilApproval = 3

/**
 * Makes an SQLite log as the service would have written it: an append an event, each signed by `withSignatures`. Only the
 * way into the file is shorter: many appends a transaction, nothing flushed, nothing looked up, since every stream is new.
 *
 * @param path of a file that does not exist
 * @returns the requests that are unfinished
 */
export async function makeLargeLog(
  path: string,
  signer: AppendSigner,
  { requests, unfinished }: LargeLog,
): Promise<readonly SigningRequestId[]> {
  const organizationId = randomUUID() as OrganizationId
  await openSqliteEventLog({ path }).close()
  const { log, finish } = quickLog(path)
  const signing = withSignatures(log, signer)
  const waiting: SigningRequestId[] = []
  const every = Math.max(Math.floor(requests / Math.max(unfinished, 1)), 1)

  async function write(number: number): Promise<void> {
    const isUnfinished = number % every === 0 && waiting.length < unfinished
    const events = completedRequest(organizationId).slice(0, isUnfinished ? eventsUntilApproval : undefined)
    const name = parseStreamName(events[0]?.streamId ?? '')
    if (isUnfinished) waiting.push(name?.id as SigningRequestId)
    for (const placed of events)
      await signing.append(
        placed.streamId,
        [recordedAs(placed, organizationId)],
        placed.revision === 0 ? 'noStream' : placed.revision - 1,
      )
  }

  for (let written = 0; written < requests; written += atOnce)
    await Promise.all(
      Array.from({ length: Math.min(atOnce, requests - written) }, (_, index) => write(written + index)),
    )
  await signing.close()
  finish()
  return waiting
}

/** The log of a file that nobody else has open, for appends to new streams only. */
function quickLog(path: string): { readonly log: EventLog; readonly finish: () => void } {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; BEGIN')
  const insert = database.prepare(
    'INSERT INTO events (stream_id, revision, id, type, data, metadata) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const select = database.prepare(
    'SELECT revision, data FROM events WHERE stream_id = ? ORDER BY revision DESC LIMIT ?',
  )
  let rows = 0
  const unused = () => {
    throw new Error('Nobody reads the log while it is made.')
  }
  const log: EventLog = {
    async append(streamId, events, expected) {
      let revision = expected === 'noStream' ? -1 : Number(expected)
      let position = 0
      for (const { id, type, data, metadata } of serialiseEvents(events)) {
        revision += 1
        rows += 1
        position = Number(insert.run(streamId, revision, id, type, data, metadata).lastInsertRowid)
        if (rows % rowsTogether === 0) database.exec('COMMIT; BEGIN')
      }
      return { revision, position: encodeSqlitePosition(position) }
    },
    async *readStream(streamId, { maxCount = 1 } = {}) {
      const found = select.all(streamId, maxCount)
      if (found.length > 0)
        yield found.map(
          ({ revision, data }) =>
            ({ streamId, revision: Number(revision), data: JSON.parse(String(data)) }) as unknown as RecordedEvent,
        )
    },
    lastRevisions: unused,
    readAll: unused,
    subscribe: unused,
    head: unused,
    close: async () => undefined,
  }
  return {
    log,
    finish() {
      database.exec('COMMIT; PRAGMA journal_mode = WAL')
      database.close()
    },
  }
}
