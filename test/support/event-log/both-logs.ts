import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createEventStoreDbLog } from '../../../event-log/eventstoredb.ts'
import { type EventLog, openSqliteEventLog } from '../../../event-log/index.ts'
import { createStore, startEventStoreDbStandIn } from '../eventstoredb-stand-in/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'

/** Both kinds of event log by their names; each opens an empty one, until the running test has finished. */
export const bothLogs: readonly (readonly [name: string, open: () => Promise<EventLog>])[] = [
  [
    'SQLite',
    async () => {
      const log = openSqliteEventLog({ path: join(temporaryFolder(), 'events.db') })
      onTestFinished(() => log.close())
      return log
    },
  ],
  [
    'EventStoreDB',
    async () => {
      const server = await startEventStoreDbStandIn(createStore())
      const log = createEventStoreDbLog({ connectionString: server.connectionString, callTimeoutMs: 60_000 })
      onTestFinished(async () => {
        await log.close()
        await server.kill()
      })
      return log
    },
  ],
]
