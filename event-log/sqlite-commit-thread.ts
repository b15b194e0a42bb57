import { parentPort, workerData } from 'node:worker_threads'
import { createSqliteCommitter, type SqliteAppend } from './sqlite-transaction.ts'

// The thread that writes one log's file, and waits for the disk. It loads nothing else of the service: that would be time
// and memory for each log.
const committer = createSqliteCommitter(workerData as string)

parentPort?.on('message', (group: readonly SqliteAppend[] | 'close') => {
  if (group !== 'close') return parentPort?.postMessage(committer.commit(group))
  committer.close()
  parentPort?.close()
})
