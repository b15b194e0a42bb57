import { Worker } from 'node:worker_threads'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { ThreadAnswer, ThreadQuery } from './sqlite-thread.ts'

/**
 * A connection to a read model's file in a thread of its own, so that statements which take long, and the disk, do not keep the
 * event loop. The thread starts with the first query, and ends when the connection is destroyed.
 */
export function threadDialect(path: string): Dialect {
  return {
    createDriver: () => new ThreadDriver(path),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (database) => new SqliteIntrospector(database),
  }
}

class ThreadDriver implements Driver {
  readonly #path: string
  #connection: ThreadConnection | undefined

  constructor(path: string) {
    this.#path = path
  }

  async init(): Promise<void> {
    this.#connection = new ThreadConnection(this.#path)
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#connection === undefined) throw new Error('The connection was not made.')
    return this.#connection
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin'))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    await this.#connection?.close()
  }
}

/** Kysely gives one query at a time to a connection of this dialect. */
class ThreadConnection implements DatabaseConnection {
  readonly #thread: Worker
  readonly #ended = Promise.withResolvers<void>()
  #asked: PromiseWithResolvers<ThreadAnswer> | undefined
  #failure: Error | undefined

  constructor(path: string) {
    this.#thread = new Worker(new URL('./sqlite-thread.ts', import.meta.url), { workerData: path })
    this.#thread.on('message', (answer: ThreadAnswer) => {
      this.#asked?.resolve(answer)
    })
    this.#thread.on('error', (error) => {
      this.#failure = error instanceof Error ? error : new Error(String(error))
    })
    this.#thread.on('exit', () => {
      this.#failure ??= new Error('The thread that builds the read model ended.')
      this.#asked?.reject(this.#failure)
      this.#ended.resolve()
    })
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#failure !== undefined) throw this.#failure
    this.#asked = Promise.withResolvers()
    this.#thread.postMessage({ sql, parameters } satisfies ThreadQuery)
    const answer = await this.#asked.promise
    if ('error' in answer) {
      const { message, ...codes } = answer.error
      throw Object.assign(new Error(message), codes)
    }
    return 'rows' in answer ? { rows: answer.rows as Row[] } : { rows: [], numAffectedRows: BigInt(answer.changes) }
  }

  streamQuery(): never {
    throw new Error('A build reads no rows one by one.')
  }

  async close(): Promise<void> {
    if (this.#failure === undefined) this.#thread.postMessage(undefined satisfies ThreadQuery)
    await this.#ended.promise
  }
}
