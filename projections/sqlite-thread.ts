import { parentPort, workerData } from 'node:worker_threads'
import { asKyselySqlite } from './node-sqlite.ts'
import { openReadModelFile } from './sqlite-file.ts'

/** A statement with its values; nothing: the thread is to end. */
export type ThreadQuery = { readonly sql: string; readonly parameters: readonly unknown[] } | undefined

/** What came of a statement. */
export type ThreadAnswer =
  | { readonly rows: readonly unknown[] }
  | { readonly changes: number | bigint }
  | { readonly error: { readonly message: string; readonly code: unknown; readonly errcode: unknown } }

// The thread that builds tables in one read model's file. It loads nothing else of the service: that would be time and memory
// for each build.
const database = asKyselySqlite(openReadModelFile(workerData as string))

function answer({ sql, parameters }: NonNullable<ThreadQuery>): ThreadAnswer {
  try {
    const statement = database.prepare(sql)
    if (statement.reader) return { rows: statement.all(parameters) }
    return { changes: statement.run(parameters).changes }
  } catch (error) {
    // A copy of an error between threads has its message only.
    const { message, code, errcode } = error as Error & { readonly code?: unknown; readonly errcode?: unknown }
    return { error: { message, code, errcode } }
  }
}

parentPort?.on('message', (query: ThreadQuery) => {
  if (query !== undefined) return parentPort?.postMessage(answer(query))
  database.close()
  parentPort?.close()
})
